"""What `from fashion_cli import Gallery, Model` gives: an index and its model, or a model alone, opened once."""
