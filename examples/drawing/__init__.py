"""Drawn garments for the examples: see `../draw_garments.py`."""
