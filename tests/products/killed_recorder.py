"""Records products until it is killed: `python killed_recorder.py LOCATION`. Says on stdout when it has begun."""

import sys
from decimal import Decimal
from itertools import count

from fashion_cli.products.catalogue import Catalogue
from tests.products.found import later, offer, photograph, product

OFFERS, PHOTOGRAPHS = 5, 7


def record_for_ever(location: str) -> None:
    with Catalogue.open(location) as catalogue:
        for number in count():
            offers = [offer(str(Decimal(number)), f"Shop {place}") for place in range(OFFERS)]
            pictures = [photograph(number * PHOTOGRAPHS + place, place) for place in range(PHOTOGRAPHS)]
            catalogue.record(product(number, *offers), pictures, later(0))
            if number == 3:
                sys.stdout.write("begun\n")
                sys.stdout.flush()


if __name__ == "__main__":
    record_for_ever(sys.argv[1])
