"""Requests and what may be requested: addresses, robots.txt, pace, retries, credentials."""
