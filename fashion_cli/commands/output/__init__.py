"""What commands show: one format dispatch, tables, JSON, CSV, pages, plots, summaries, progress."""
