"""Where the installed command begins: what is imported before it can answer Ctrl-C is as little as can be."""

import sys


def run() -> None:
    """The installed command, and `python -m fashion_cli`."""
    try:
        from fashion_cli.app import run as run_app

        run_app()
    except KeyboardInterrupt:
        sys.stderr.write("fashion: interrupted\n")
        sys.exit(130)  # `ExitCode.INTERRUPTED`, which may be in what was being imported
