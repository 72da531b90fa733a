"""Tag, index and search clothing photographs."""

__version__ = "0.1.0"
