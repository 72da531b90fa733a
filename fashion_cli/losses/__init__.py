"""Loss functions that two tasks share."""
