"""Offers of a product node: what somebody pays for one piece today, and nothing else that is written as a price.

A whitelist. Delivery, instalments, deposits, prices for members, per metre, from ten pieces on, of another day, and
prices that are crossed out are none (https://schema.org/PriceSpecification, Google's merchant listings).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from fashion_cli.crawling.parse.nodes import Node, as_list, get_reference, get_text, is_of_type
from fashion_cli.crawling.parse.urls import absolute_url, clean_url, identify_page, site_key
from fashion_cli.products.availability import is_valid_availability, normalize_availability
from fashion_cli.products.money import Money, NoPriceError, read_price
from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.records import FoundOffer

_OFFER_TYPES = frozenset(
    {"Offer", "AggregateOffer", "OfferForPurchase", "PriceSpecification", "UnitPriceSpecification"}
)
_SPECIFICATION_TYPES = frozenset({"PriceSpecification", "UnitPriceSpecification", "CompoundPriceSpecification"})
_PIECE_UNITS = frozenset({"", "C62", "H87", "EA", "PCE", "NAR", "XPP", "PIECE", "PCS", "PR", "SET"})
# Kinds of price that somebody pays, and those that are paid once no lower one holds. Others are crossed out.
_PAID_TYPES = frozenset({"", "SalePrice"})
_LIST_PRICE_TYPES = frozenset({"RegularPrice", "ListPrice"})
_SELLING_FUNCTIONS = frozenset({"", "Sell", "sell"})


@dataclass(frozen=True)
class OfferContext:
    """What offers inherit from the page around them: shop, address, currency, the present moment.

    Attributes:
        shop: Who sells where no seller is named.
        page: The page's address.
        base: What addresses are relative to.
        currency: Of the page's other prices.
        now: When prices have to hold.
        notes: Gets a line for each value that could not be used.
    """

    shop: str
    page: str
    base: str
    currency: str
    now: datetime
    notes: list[str]


def read_offers(node: Node, context: OfferContext, url: str = "") -> list[FoundOffer]:
    """The offers of a product's node.

    Args:
        node: The product, or a variant of it.
        url: Its own address.
    """
    offers: list[FoundOffer] = []
    for offer in _find_offer_nodes(node):
        nested = [each for each in as_list(offer.get("offers")) if isinstance(each, dict)]
        before = len(context.notes)
        inner = [read for each in nested if (read := _read_offer(each, context, url, offer))]
        outer = None if inner else _read_offer(offer, context, url)
        offers += inner or ([outer] if outer else [])
        if not (inner or outer) and len(context.notes) == before:
            context.notes.append("an offer without a price")
    return offers


def _find_offer_nodes(node: Node) -> list[Node]:
    """What a product's node has for offers: nodes, texts that say a price, or the price as its own."""
    offers = as_list(node.get("offers")) or as_list(node.get("offerDetails"))
    if not offers and node.get("price"):
        offers = [{name: node[name] for name in ("price", "priceCurrency", "availability") if name in node}]
    nodes = [each if isinstance(each, dict) else {"price": each} for each in offers if each not in (None, "")]
    own = node.get("availability")
    return [{"availability": own, **each} if own else each for each in nodes]


def read_availability(text: str, notes: list[str]) -> str:
    """A normalized availability; words that mean nothing are noted, and count as not to be bought."""
    availability = normalize_availability(text)
    if not is_valid_availability(availability):
        notes.append(f"availability {availability!r} is not known: taken for not available")
    return availability


def _read_offer(offer: Node, context: OfferContext, url: str, around: Node | None = None) -> FoundOffer | None:
    surrounding = around or {}
    holds = _is_valid_at(offer, context.now, ("validThrough", "availabilityEnds"))
    reason = _find_restriction(offer) or ("" if holds else "of another day")
    if reason:
        context.notes.append(f"a price left out: {reason}")
        return None
    currency = get_text(offer.get("priceCurrency")) or get_text(surrounding.get("priceCurrency"))
    price = _read_price(offer, currency, context)
    if price is None:
        return None
    availability = get_reference(offer.get("availability")) or get_reference(surrounding.get("availability"))
    if not availability and _is_sold_out(offer):
        availability = "OutOfStock"
    seller = get_text(offer.get("seller")) or get_text(offer.get("offeredBy")) or get_text(surrounding.get("seller"))
    return FoundOffer(
        seller or context.shop,
        price.amount,
        price.currency,
        _read_url(offer, context, url),
        read_availability(availability, context.notes),
    )


def _is_sold_out(offer: Node) -> bool:
    level = offer.get("inventoryLevel")
    return get_text(level.get("value") if isinstance(level, dict) else level) in ("0", "0.0")


def _read_url(offer: Node, context: OfferContext, url: str) -> str:
    """Where it can be bought. Another spelling of the page's address is a claim that nobody has tested."""
    link = absolute_url(context.base, get_reference(offer.get("url"))) or url or context.page
    if identify_page(link) == identify_page(context.page):
        chosen = urlsplit(link).query not in ("", urlsplit(context.page).query)  # the link of a colour or a size
        if not chosen or site_key(link) != site_key(context.page):
            return context.page
    return clean_url(link)


def _read_price(offer: Node, currency: str, context: OfferContext) -> Money | None:
    """The lowest that holds today, of the offer's own price and its specifications."""
    own = [(offer, each) for name in ("price", "lowPrice", "minPrice") for each in as_list(offer.get(name))]
    specified = [
        (each, _first(each))
        for each in as_list(offer.get("priceSpecification"))
        if isinstance(each, dict) and _first(each) is not None
    ]
    ranked: dict[int, list[Money]] = {0: [], 1: []}
    for node, value in (*own, *specified):
        rank, reason = (0, "") if node is offer else _rank_specification(node, context.now)
        if node is offer and not _is_valid_at(offer, context.now, ("priceValidUntil",)):
            rank = 1  # shops forget that date: it counts only beside a price that holds
        if reason:
            context.notes.append(f"a price left out: {reason}")
            continue
        code = get_text(node.get("priceCurrency")) or currency or context.currency
        if money := _parse_price(value, code, context.notes):
            ranked[rank].append(money)
    candidates = ranked[0] or ranked[1]
    if not candidates:
        return None
    lowest = sort_by_price(FoundOffer("", each.amount, each.currency, "") for each in candidates)[0]
    return Money(lowest.price, lowest.currency)


def _parse_price(value: Any, currency: str, notes: list[str]) -> Money | None:
    if isinstance(value, dict):
        currency = get_text(value.get("currency")) or get_text(value.get("priceCurrency")) or currency
        value = next((value[name] for name in ("@value", "value", "price", "name") if name in value), None)
    return parse_price(value, currency, notes)


def parse_price(value: Any, currency: str, notes: list[str]) -> Money | None:
    """Parse a price; None, with a note, where it is none that somebody can pay."""
    try:
        return read_price(value, currency)
    except NoPriceError as error:
        notes.append(f"a price left out: {error}")
        return None


def _find_restriction(offer: Node) -> str:
    """Why a node is no offer of one piece to everybody today; "" if it is one."""
    kinds = set(offer.get("@type") or ())
    if kinds and not kinds & _OFFER_TYPES:
        return f"of a {' '.join(sorted(kinds))}"
    function = get_reference(offer.get("businessFunction")).rstrip("/")
    if re.split(r"[/#:]", function)[-1] not in _SELLING_FUNCTIONS:
        return "not for sale"
    return _find_condition(offer)


def _rank_specification(specification: Node, now: datetime) -> tuple[int, str]:
    """How early a price specification counts, or why it does not."""
    kinds = set(specification.get("@type") or ())
    if kinds and not kinds & _SPECIFICATION_TYPES:
        return 0, f"of a {' '.join(sorted(kinds))}"
    if specification.get("priceComponentType"):
        return 0, f"a part of it, {_read_enum(specification.get('priceComponentType'))}"
    if reason := _find_condition(specification):
        return 0, reason
    if not _is_valid_at(specification, now):
        return 0, "of another day"
    kind = _read_enum(specification.get("priceType"))
    if kind in _PAID_TYPES:
        return 0, ""
    return (1, "") if kind in _LIST_PRICE_TYPES else (0, f"{kind} is not what is paid")


def _find_condition(node: Node) -> str:
    """What has to be fulfilled before a price holds; "" if everybody gets it for one piece."""
    if node.get("validForMemberTier"):
        return "for members"
    if node.get("billingDuration") or node.get("billingIncrement") or node.get("billingStart"):
        return "in instalments"
    if not _is_one_piece(node.get("referenceQuantity")) or not _is_per_piece(node):
        return "per unit of measure"
    if any(_read_minimum(each) > 1 for each in as_list(node.get("eligibleQuantity"))):
        return "from a larger quantity on"
    if any(_read_minimum(each) > 0 for each in as_list(node.get("eligibleTransactionVolume"))):
        return "from a larger order on"
    return ""


def _is_one_piece(quantity: Any) -> bool:
    return all(
        get_text(each.get("value")) in ("", "1", "1.0") and _read_unit(each) in _PIECE_UNITS
        for each in as_list(quantity)
        if isinstance(each, dict)
    )


def _is_per_piece(node: Node) -> bool:
    return not is_of_type(node, "UnitPriceSpecification") or _read_unit(node) in _PIECE_UNITS


def _read_unit(node: Node) -> str:
    return (get_text(node.get("unitCode")) or get_text(node.get("unitText"))).rpartition("/")[2].upper()


def _read_minimum(quantity: Any) -> float:
    if not isinstance(quantity, dict):
        return 0
    text = next(
        (value for name in ("minValue", "minPrice", "price", "value") if (value := get_text(quantity.get(name)))), ""
    )
    try:
        return float(text)
    except ValueError:
        return 0


def _read_enum(value: Any) -> str:
    return re.split(r"[/#:]", (get_reference(value) or get_text(value)).rstrip("/"))[-1]


def _is_valid_at(node: Node, now: datetime, until: tuple[str, ...] = ("validThrough", "priceValidUntil")) -> bool:
    return is_current(get_text(node.get("validFrom")), (get_text(node.get(name)) for name in until), now)


def is_current(begin: str, ends: Iterable[str], now: datetime) -> bool:
    """Whether a moment lies between dates, as far as those can be read."""
    first, *last = (parse_time(begin, last=False), *(parse_time(each, last=True) for each in ends))
    return not (first and now < first) and all(now <= each for each in last if each)


def parse_time(text: str, *, last: bool) -> datetime | None:
    """A date or a time as ISO 8601 has it; None if it is none.

    Args:
        text: Without a time zone it is UTC.
        last: Whether a date means its end.
    """
    for reader in (datetime.fromisoformat, lambda each: datetime.fromisoformat(each[:10])):
        try:
            moment = reader(text.strip())
        except ValueError:
            continue
        if len(text.strip()) <= 10 and last:
            moment = datetime.combine(date(moment.year, moment.month, moment.day), time.max)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _first(specification: Node) -> Any:
    values = [each for name in ("price", "minPrice") for each in as_list(specification.get(name))]
    return next(iter(values), None)
