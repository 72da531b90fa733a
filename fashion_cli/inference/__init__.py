"""The one prediction loop and its engines."""
