"""Open the small shop on loopback, for the examples of `fashion crawl`. Its address is the one line on stdout.

python examples/run_shop.py               # the first free port from 8123 on, until Ctrl-C
python examples/run_shop.py --port 9000   # from 9000 on
"""

import argparse
import errno
import signal
from collections.abc import Sequence

from shop.site import SmallShop

PORTS = 20  # that are tried


def open_shop(port: int) -> SmallShop:
    """The shop on the first free port from this one on: mostly at the same address as the last time."""
    for each in range(port, port + PORTS):
        try:
            return SmallShop(port=each)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return SmallShop()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8123, help="the first that is tried; 0 takes any free one")
    chosen = parser.parse_args(arguments)
    with open_shop(chosen.port) as shop:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as on Ctrl-C
        try:
            print(f"{shop.url}/", flush=True)
            shop.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
