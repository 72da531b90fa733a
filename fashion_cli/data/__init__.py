"""Photographs, feature files, annotations and what training reads from them."""
