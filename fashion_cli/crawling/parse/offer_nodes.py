"""Offers of a product node: what somebody pays for one piece today, and nothing else that is written as a price.

A whitelist. Delivery, instalments, deposits, prices for members, per metre, from ten pieces on, of another day, and
prices that are crossed out are none (https://schema.org/PriceSpecification, Google's merchant listings).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from fashion_cli.crawling.parse.nodes import Node, as_list, is_of_type, reference_of, text_of
from fashion_cli.crawling.parse.urls import address, page_identity, page_url, site_key
from fashion_cli.products.availability import is_known, normalize_availability
from fashion_cli.products.money import Money, NoPriceError, read_price
from fashion_cli.products.offers import sort_by_price
from fashion_cli.products.records import FoundOffer

_OFFERS = frozenset({"Offer", "AggregateOffer", "OfferForPurchase", "PriceSpecification", "UnitPriceSpecification"})
_SPECIFICATIONS = frozenset({"PriceSpecification", "UnitPriceSpecification", "CompoundPriceSpecification"})
_ONE_PIECE = frozenset({"", "C62", "H87", "EA", "PCE", "NAR", "XPP", "PIECE", "PCS", "PR", "SET"})
# Kinds of price that somebody pays, and those that are paid once no lower one holds. Others are crossed out.
_PAID = frozenset({"", "SalePrice"})
_PAID_OTHERWISE = frozenset({"RegularPrice", "ListPrice"})
_SOLD = frozenset({"", "Sell", "sell"})


@dataclass(frozen=True)
class OfferContext:
    """What an offer's node leaves to be known from around it.

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
        context: Of its page.
        url: Its own address.
    """
    found: list[FoundOffer] = []
    for offer in _offer_nodes(node):
        nested = [each for each in as_list(offer.get("offers")) if isinstance(each, dict)]
        before = len(context.notes)
        inner = [read for each in nested if (read := _offer(each, context, url, offer))]
        outer = None if inner else _offer(offer, context, url)
        found += inner or ([outer] if outer else [])
        if not (inner or outer) and len(context.notes) == before:
            context.notes.append("an offer without a price")
    return found


def _offer_nodes(node: Node) -> list[Node]:
    """What a product's node has for offers: nodes, texts that say a price, or the price as its own."""
    offers = as_list(node.get("offers")) or as_list(node.get("offerDetails"))
    if not offers and node.get("price"):
        offers = [{name: node[name] for name in ("price", "priceCurrency", "availability") if name in node}]
    found = [each if isinstance(each, dict) else {"price": each} for each in offers if each not in (None, "")]
    own = node.get("availability")
    return [{"availability": own, **each} if own else each for each in found]


def availability_of(text: str, notes: list[str]) -> str:
    """A normalized availability; words that mean nothing are noted, and count as not to be bought."""
    availability = normalize_availability(text)
    if not is_known(availability):
        notes.append(f"availability {availability!r} is not known: taken for not available")
    return availability


def _offer(offer: Node, context: OfferContext, url: str, around: Node | None = None) -> FoundOffer | None:
    surrounding = around or {}
    holds = _holds(offer, context.now, ("validThrough", "availabilityEnds"))
    reason = _unfit(offer) or ("" if holds else "of another day")
    if reason:
        context.notes.append(f"a price left out: {reason}")
        return None
    currency = text_of(offer.get("priceCurrency")) or text_of(surrounding.get("priceCurrency"))
    price = _price(offer, currency, context)
    if price is None:
        return None
    availability = reference_of(offer.get("availability")) or reference_of(surrounding.get("availability"))
    if not availability and _is_sold_out(offer):
        availability = "OutOfStock"
    seller = text_of(offer.get("seller")) or text_of(offer.get("offeredBy")) or text_of(surrounding.get("seller"))
    return FoundOffer(
        seller or context.shop,
        price.amount,
        price.currency,
        _link(offer, context, url),
        availability_of(availability, context.notes),
    )


def _is_sold_out(offer: Node) -> bool:
    level = offer.get("inventoryLevel")
    return text_of(level.get("value") if isinstance(level, dict) else level) in ("0", "0.0")


def _link(offer: Node, context: OfferContext, url: str) -> str:
    """Where it can be bought. Another spelling of the page's address is a claim that nobody has tested."""
    link = address(context.base, reference_of(offer.get("url"))) or url or context.page
    if page_identity(link) == page_identity(context.page):
        chosen = urlsplit(link).query not in ("", urlsplit(context.page).query)  # the link of a colour or a size
        if not chosen or site_key(link) != site_key(context.page):
            return context.page
    return page_url(link)


def _price(offer: Node, currency: str, context: OfferContext) -> Money | None:
    """The lowest that holds today, of the offer's own price and its specifications."""
    own = [(offer, each) for name in ("price", "lowPrice", "minPrice") for each in as_list(offer.get(name))]
    specified = [
        (each, _first(each))
        for each in as_list(offer.get("priceSpecification"))
        if isinstance(each, dict) and _first(each) is not None
    ]
    ranked: dict[int, list[Money]] = {0: [], 1: []}
    for node, value in (*own, *specified):
        rank, reason = (0, "") if node is offer else _rank_of(node, context.now)
        if node is offer and not _holds(offer, context.now, ("priceValidUntil",)):
            rank = 1  # shops forget that date: it counts only beside a price that holds
        if reason:
            context.notes.append(f"a price left out: {reason}")
            continue
        code = text_of(node.get("priceCurrency")) or currency
        if money := _read(value, code, context):
            ranked[rank].append(money)
    found = ranked[0] or ranked[1]
    return _lowest(found) if found else None


def _read(value: Any, currency: str, context: OfferContext) -> Money | None:
    if isinstance(value, dict):
        currency = text_of(value.get("currency")) or text_of(value.get("priceCurrency")) or currency
        value = next((value[name] for name in ("@value", "value", "price", "name") if name in value), None)
    try:
        return read_price(value, currency or context.currency)
    except NoPriceError as error:
        context.notes.append(f"a price left out: {error}")
        return None


@dataclass(frozen=True)
class _Priced:
    price: Any
    currency: str
    money: Money
    available: bool = True


def _lowest(found: list[Money]) -> Money:
    return sort_by_price(_Priced(each.amount, each.currency, each) for each in found)[0].money


def _unfit(offer: Node) -> str:
    """Why a node is no offer of one piece to everybody today; "" if it is one."""
    kinds = set(offer.get("@type") or ())
    if kinds and not kinds & _OFFERS:
        return f"of a {' '.join(sorted(kinds))}"
    function = reference_of(offer.get("businessFunction")).rstrip("/")
    if re.split(r"[/#:]", function)[-1] not in _SOLD:
        return "not for sale"
    return _conditions(offer)


def _rank_of(specification: Node, now: datetime) -> tuple[int, str]:
    """How early a price specification counts, or why it does not."""
    kinds = set(specification.get("@type") or ())
    if kinds and not kinds & _SPECIFICATIONS:
        return 0, f"of a {' '.join(sorted(kinds))}"
    if specification.get("priceComponentType"):
        return 0, f"a part of it, {_name(specification.get('priceComponentType'))}"
    if reason := _conditions(specification):
        return 0, reason
    if not _holds(specification, now):
        return 0, "of another day"
    kind = _name(specification.get("priceType"))
    if kind in _PAID:
        return 0, ""
    return (1, "") if kind in _PAID_OTHERWISE else (0, f"{kind} is not what is paid")


def _conditions(node: Node) -> str:
    """What has to be fulfilled before a price holds; "" if everybody gets it for one piece."""
    if node.get("validForMemberTier"):
        return "for members"
    if node.get("billingDuration") or node.get("billingIncrement") or node.get("billingStart"):
        return "in instalments"
    if not _is_one_piece(node.get("referenceQuantity")) or not _is_unit(node):
        return "per unit of measure"
    if any(_least(each) > 1 for each in as_list(node.get("eligibleQuantity"))):
        return "from a larger quantity on"
    if any(_least(each) > 0 for each in as_list(node.get("eligibleTransactionVolume"))):
        return "from a larger order on"
    return ""


def _is_one_piece(quantity: Any) -> bool:
    return all(
        text_of(each.get("value")) in ("", "1", "1.0") and _unit(each) in _ONE_PIECE
        for each in as_list(quantity)
        if isinstance(each, dict)
    )


def _is_unit(node: Node) -> bool:
    return not is_of_type(node, "UnitPriceSpecification") or _unit(node) in _ONE_PIECE


def _unit(node: Node) -> str:
    return (text_of(node.get("unitCode")) or text_of(node.get("unitText"))).rpartition("/")[2].upper()


def _least(quantity: Any) -> float:
    if not isinstance(quantity, dict):
        return 0
    text = next(
        (found for name in ("minValue", "minPrice", "price", "value") if (found := text_of(quantity.get(name)))), ""
    )
    try:
        return float(text)
    except ValueError:
        return 0


def _name(value: Any) -> str:
    return re.split(r"[/#:]", (reference_of(value) or text_of(value)).rstrip("/"))[-1]


def _holds(node: Node, now: datetime, until: tuple[str, ...] = ("validThrough", "priceValidUntil")) -> bool:
    begins = read_moment(text_of(node.get("validFrom")), last=False)
    ends = [moment for name in until if (moment := read_moment(text_of(node.get(name)), last=True))]
    return not (begins and begins > now) and all(now <= end for end in ends)


def read_moment(text: str, *, last: bool) -> datetime | None:
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
