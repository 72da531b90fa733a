"""Pure readers: bytes of pages, feeds and sitemaps in, products, photographs and links out."""
