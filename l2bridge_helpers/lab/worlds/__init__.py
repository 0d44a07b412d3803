"""The worlds that come with the lab, and worlds read from files."""
