"""The subcommands: options to Config, one step, one renderer. Only they and `app` use typer and rich."""
