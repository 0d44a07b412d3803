"""The Compute Engine API of a world."""
