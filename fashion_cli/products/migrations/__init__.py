"""How the tables came to be, for Alembic: one file per version in `versions/`."""
