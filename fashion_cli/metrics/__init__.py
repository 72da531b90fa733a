"""The papers' figures of merit, as pure functions."""
