"""`python -m fashion_cli` is the command `fashion`."""

import sys

from fashion_cli.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
