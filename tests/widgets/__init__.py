"""What a person clicks, clicked by a program."""
