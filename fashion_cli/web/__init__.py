"""The search page and the REST API: they receive a ready searcher and a product catalogue."""
