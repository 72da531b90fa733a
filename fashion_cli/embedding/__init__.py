"""Feature files kept current: what is new is embedded, what is known is reused, what lacks tags gets them."""
