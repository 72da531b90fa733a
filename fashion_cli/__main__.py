"""`python -m fashion_cli` is the command `fashion`."""

from fashion_cli.entry import run

if __name__ == "__main__":
    run()
