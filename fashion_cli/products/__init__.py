"""The product catalogue: products, photographs, offers, shops, and where they came from."""
