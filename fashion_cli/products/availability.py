"""Whether something can be bought, as pages, feeds and people write it: "in_stock", "schema:OutOfStock", "일시품절"."""

import re
import unicodedata

# schema.org's ItemAvailability: what can be bought or ordered, and what cannot now.
BUYABLE = frozenset(
    {"InStock", "LimitedAvailability", "OnlineOnly", "InStoreOnly", "PreOrder", "PreSale", "BackOrder", "MadeToOrder"}
)
UNAVAILABLE = frozenset({"OutOfStock", "SoldOut", "Discontinued", "Reserved"})

# Words as they are compared (see `_normalize_name`) -> the name that schema.org has for it. Whole texts.
_NAMES = {
    **{name.lower(): name for name in BUYABLE | UNAVAILABLE},
    **dict.fromkeys(("available", "avail", "yes", "y", "true", "t", "1", "on", "new", "active", "buy"), "InStock"),
    **dict.fromkeys(("oos", "no", "n", "false", "f", "0", "off", "none", "unavailable", "inactive"), "OutOfStock"),
    **dict.fromkeys(("availablefororder", "pending", "onorder", "onbackorder"), "BackOrder"),
    **dict.fromkeys(("endoflife", "eol", "retired"), "Discontinued"),
    **dict.fromkeys(("limited", "limitedstock", "lowstock", "lowinstock"), "LimitedAvailability"),
}
# Parts of longer texts, the first that is found. What denies stands before what it denies.
_PARTS = {
    "Discontinued": (
        *(
            "discontinued",
            "nolonger(?:available|sold|made)",
            "단종",
            "판매종료",
            "판매중지",
            "판매중단",
            "生産終了",
            "販売終了",
        ),
        *(
            "停产",
            "停產",
            "下架",
            "nichtmehr(?:lieferbar|verf|erh)",
        ),
    ),
    "SoldOut": (
        *(
            "soldout",
            "솔드아웃",
            "매진",
            "완판",
            "完売",
            "売り切れ",
            "売切",
            "售罄",
            "售完",
            "ausverkauft",
            "vergriffen",
        ),
        *(
            "uitverkocht",
            "esaurit",
            "agotad",
            "esgotad",
            "épuisé",
            "epuise",
            "slutsåld",
            "udsolgt",
            "utsolgt",
        ),
        *(
            "wyprzedan",
            "распродан",
        ),
    ),
    "OutOfStock": (
        *(
            r"^0(?:\D|$)",
            r"(?:stock|재고|在庫):?0(?:\D|$)",
            "无库存",
            "無庫存",
            "outofstock",
            "outstock",
            "out-of-stock",
        ),
        *(
            "nostock",
            "notinstock",
            "notavailable",
            "unavailable",
            "nolongerinstock",
            "품절",
            "재고없",
            "재고부족",
        ),
        *(
            "재입고",
            "입고예정",
            "입고알림",
            "구매불가",
            "판매불가",
            "판매안함",
            "미판매",
            "판매완료",
            "在庫なし",
            "在庫切れ",
            "品切",
            "欠品",
            "入荷待",
            "缺货",
            "缺貨",
            "无货",
        ),
        *(
            "無貨",
            "補貨",
            "补货",
            "nichtvorr",
            "nichtauflager",
            "nichtverf",
            "nichtlieferbar",
            "derzeitnicht",
        ),
        *(
            "rupture",
            "indispon",
            "nondisponi",
            "pasdisponi",
            "nodisponi",
            "nãodispon",
            "sinexistenc",
        ),
        *(
            "sinstock",
            "semestoque",
            "nietopvoorraad",
            "nietleverbaar",
            "niedostęp",
            "brak",
            "нетвналичии",
        ),
        *(
            "отсутств",
            "ejilager",
            "ikkepålager",
            "backinsoon",
            "comingsoon",
            "notifyme",
            "temporarilyout",
        ),
    ),
    "PreOrder": (
        *(
            "preorder",
            "presale",
            "예약",
            "予約",
            "预售",
            "預售",
            "vorbestell",
            "précommand",
            "precommand",
            "preventa",
        ),
        *("предзаказ",),
    ),
    "BackOrder": (
        *(
            "backorder",
            "availabletoorder",
            "주문가능",
            "取り寄せ",
            "nachbestell",
        ),
    ),
    "MadeToOrder": (
        *(
            "madetoorder",
            "주문제작",
            "受注生産",
        ),
    ),
    "InStock": (
        *(
            "instock",
            "available",
            "판매중",
            "판매함",
            "재고있",
            "구매가능",
            "입고완료",
            "정상판매",
            "在庫あり",
            "在庫有",
            r"在庫:?\d",
            "有货",
            "有貨",
        ),
        *(
            "有库存",
            "有庫存",
            "现货",
            "現貨",
            "auflager",
            "vorrätig",
            "lieferbar",
            "verfügbar",
            "enstock",
            "disponib",
        ),
        *(
            "disponív",
            "emestoque",
            "opvoorraad",
            "leverbaar",
            "dostęp",
            "вналичии",
            "ilager",
            "pålager",
        ),
        *(
            "readytoship",
            "ships",
            r"(?:only|noch|nur)\d+",
            r"^\d+(?:left|pieces|available|개)",
        ),
    ),
}
_COMPILED = tuple((name, re.compile("|".join(patterns))) for name, patterns in _PARTS.items())


def normalize_availability(text: str) -> str:
    """The name that schema.org has for it: "InStock"; the text itself where it means nothing that is known."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    words = _normalize_name(plain)
    if not words:
        return ""
    if words in _NAMES:
        return _NAMES[words]
    return next((name for name, pattern in _COMPILED if pattern.search(words)), plain[:64])


def is_valid_availability(availability: str) -> bool:
    """Whether a normalized availability is one that has a meaning here."""
    return not availability or availability in BUYABLE or availability in UNAVAILABLE


def is_buyable(availability: str) -> bool:
    """Whether an offer can be bought. One that says nothing can; one whose words mean nothing that is known cannot."""
    return not availability or normalize_availability(availability) in BUYABLE


def _normalize_name(text: str) -> str:
    """The last part of an address or a prefixed name, without case, blanks and hyphens."""
    name = re.split(r"[#?]", text)[0] if "://" in text and "#" not in text else text
    if "://" in name or re.fullmatch(r"[\w.:/#-]*schema[\w.:/#-]*", name, re.IGNORECASE):
        name = re.split(r"[/#:]", name.rstrip("/# "))[-1]
    return re.sub(r"[\s_\-‐-―./,!()]+", "", name).casefold()
