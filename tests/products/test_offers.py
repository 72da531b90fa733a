"""The lowest offer that can be bought: one rule, whoever asks."""

from dataclasses import dataclass
from decimal import Decimal

from fashion_cli.products.offers import lowest_per_key, sort_by_price
from fashion_cli.products.records import FoundOffer


def offer(price: int, currency: str = "EUR", availability: str = "", shop: str = "S") -> FoundOffer:
    return FoundOffer(shop, Decimal(price), currency, "", availability)


@dataclass(frozen=True)
class Plain:
    """The rule written out: a loop over all pairs."""

    offers: tuple[FoundOffer, ...]

    def best(self) -> FoundOffer:
        buyable = [each for each in self.offers if each.available] or list(self.offers)
        counts = {each.currency: sum(other.currency == each.currency for other in buyable) for each in buyable}
        most = next(each.currency for each in buyable if counts[each.currency] == max(counts.values()))
        best = None
        for each in buyable:
            if each.currency == most and (best is None or each.price < best.price):
                best = each
        assert best is not None
        return best


def test_the_lowest_that_can_be_bought() -> None:
    for offers in (
        (offer(9), offer(5), offer(7)),
        (offer(3, availability="품절"), offer(5), offer(7)),
        (offer(3, availability="sold out"), offer(2, availability="OutOfStock")),
        (offer(5), offer(4, "USD"), offer(6)),
        (offer(4, "USD"), offer(5)),
        (offer(3, availability="who knows"), offer(8)),
    ):
        assert sort_by_price(offers)[0] == Plain(offers).best()
        assert sorted(sort_by_price(offers), key=id) == sorted(offers, key=id)
    assert sort_by_price(()) == ()


def test_a_row_that_is_sold_out_does_not_hide_one_that_can_be_bought() -> None:
    rows = [("a", offer(3, availability="out_of_stock")), ("a", offer(9)), ("b", offer(4))]
    assert lowest_per_key(rows) == {"a": offer(9), "b": offer(4)}
