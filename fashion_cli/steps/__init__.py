"""What each command does: frozen Config in, frozen Report out. Usable from Python without the command line."""
