"""How retrieval is measured: queries, gallery, relevant items, ranks."""
