"""Sizes of windows, in pixels."""

PHONE = (390, 844)
DESK = (1280, 900)
