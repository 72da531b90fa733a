"""A small shop of drawn garments for the examples: see `../run_shop.py`."""
