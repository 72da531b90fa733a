"""Where photographs and products come from: shop pages, sitemaps, search APIs, lists of URLs."""
