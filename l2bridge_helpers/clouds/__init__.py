"""One adapter per cloud: the only code that calls a cloud. Import the module you need, not this package."""
