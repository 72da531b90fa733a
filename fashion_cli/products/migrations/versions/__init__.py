"""One file per version of the tables, oldest first. A file that was released never changes."""
