"""One file per objective: a batch becomes a loss."""
