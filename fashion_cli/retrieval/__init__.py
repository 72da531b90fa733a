"""Nearest neighbours, re-ranking and the index directory."""
