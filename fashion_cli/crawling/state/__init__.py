"""What a crawl knows and keeps: `crawl.sqlite`, the frontier, the photographs in the folder."""
