"""What commands are given: options, inputs, settings, completion, help, mistyped words."""
