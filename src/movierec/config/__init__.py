"""What can be configured: the keys with their defaults, and the strict YAML loader."""
