"""Which column of a table of products says what: guessed from its heading, or chosen by the user.

Headings are those of Google's merchant feeds, the exports of Shopify and WooCommerce, Korean shop systems (Smart Store,
Cafe24, Naver's product feed), this program's own export, and plain ones in English, Korean and German.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fashion_cli.crawling.parse.feed_files import FeedRows, Row, normalize_heading
from fashion_cli.errors import TableError, UsageError
from fashion_cli.products.currencies import currency_code
from fashion_cli.suggestions import shorten, suggest

# What a column is about -> how its heading may read, without blanks and signs; the likeliest first.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("itemid", "productid", "id", "gid", "productno", "productnumber", "itemno", "itemnumber", "articlenumber"),
        *("상품번호", "상품id", "상품아이디", "품번", "상품코드", "artikelnummer", "artikelnr"),
    ),
    "group": ("itemgroupid", "handle", "urlhandle", "productgroupid", "groupid", "상품그룹코드", "그룹코드"),
    "parent": ("parent", "parentsku", "parentid", "대표상품코드", "부모상품코드"),
    "sku": (
        *("sku", "variantsku", "skucode", "skunumber", "판매자상품코드", "자체상품코드", "업체상품코드", "관리코드"),
        *("productcode", "itemcode", "stylecode", "stylenumber", "상품코드", "품목코드", "스타일코드", "mpn"),
    ),
    "title": (
        *("title", "name", "productname", "producttitle", "itemname", "상품명", "제품명", "품명", "등록상품명"),
        *("bezeichnung", "titel", "artikelbezeichnung", "produktname"),
    ),
    "brand": ("brand", "brandname", "vendor", "브랜드", "브랜드명", "marke", "manufacturer", "maker", "제조사"),
    "category": (
        *("producttype", "category", "categories", "카테고리", "카테고리명", "상품분류", "분류", "kategorie"),
        *("productcategory", "type", "googleproductcategory"),
    ),
    "keywords": ("keywords", "tags", "키워드", "태그", "검색어", "검색어설정", "검색태그"),
    "description": ("description", "bodyhtml", "shortdescription", "상품설명", "설명", "상품요약설명", "beschreibung"),
    "shop": ("shop", "shopname", "seller", "mall", "store", "쇼핑몰", "판매처", "판매자"),
    "link": (
        *("link", "producturl", "productlink", "pageurl", "page", "externalurl", "상품url", "상품링크", "상품주소"),
        *("링크", "url"),
    ),
    "price": (
        *("price", "판매가", "판매가격", "가격", "상품가", "regularprice", "variantprice", "sellingprice", "unitprice"),
        *("pricepc", "preis", "verkaufspreis"),
    ),
    "sale_price": (
        *("saleprice", "specialprice", "discountprice", "discountedprice", "할인가", "할인가격", "할인판매가"),
        *("세일가", "특가", "angebotspreis", "sonderpreis"),
    ),
    "sale_dates": ("salepriceeffectivedate",),
    "sale_start": ("datesalepricestarts", "salestart", "할인시작일"),
    "sale_end": ("datesalepriceends", "saleend", "할인종료일"),
    "currency": ("currency", "pricecurrency", "currencycode", "통화", "währung"),
    "availability": ("availability", "stockstatus", "instock", "available", "판매상태", "재고상태", "verfügbarkeit"),
    "published": ("published", "status", "판매여부"),
    "sold_out": ("soldout", "품절여부", "품절"),
    "stock": (
        *("stock", "stockquantity", "quantity", "qty", "inventory", "inventoryquantity", "variantinventoryqty"),
        *("재고", "재고수량", "재고량", "수량", "bestand", "lagerbestand"),
    ),
    "backorders": ("backordersallowed", "variantinventorypolicy", "continuesellingwhenoutofstock"),
    "image": (
        *("imagelink", "imageurl", "imagesrc", "productimageurl", "image", "images", "variantimage", "photographs"),
        *("additionalimagelink", "additionalimagelinks", "additionalimageurls", "addimagelink", "photo", "photos"),
        *("picture", "img", "imgurl", "대표이미지", "대표이미지url", "이미지", "이미지url", "이미지링크", "상품이미지"),
        *("추가이미지", "추가이미지url", "사진", "bild", "bilder", "bildurl"),
    ),
    "path": (
        *("path", "imagepath", "filepath", "file", "filename", "imagefile", "imagefilename", "파일", "파일명", "경로"),
        *("파일경로", "이미지경로", "이미지파일", "이미지파일명", "dateiname", "datei"),
    ),
    "sha256": ("sha256", "imagesha256", "photographsha256"),
}
CATEGORY_LEVELS = (
    ("대분류", "중분류", "소분류", "세분류"),
    ("categoryname1", "categoryname2", "categoryname3", "categoryname4"),
)
SEVERAL = frozenset({"image", "path", "sha256"})  # all their columns are read
SINGLE = frozenset({"id", "group", "parent"})  # another column's numbers would mean something else
_NUMBERS = ("id", "sku", "group")
_ESCAPED = re.compile(r"'[=+\-@\t\n＝＋－＠]")
_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]")


@dataclass(frozen=True)
class ProductColumns:
    """Where a table says what.

    Attributes:
        headings: What a column is about -> the headings of its columns, folded as in a `Row`; the likeliest first.
        levels: Columns that are the steps of a category.
        currencies: Heading of a price -> the currency that stands in it: "Price (EUR)".
        written: Folded heading -> as the table has it.
    """

    headings: Mapping[str, tuple[str, ...]]
    levels: tuple[str, ...]
    currencies: Mapping[str, str]
    written: Mapping[str, str]

    def get(self, row: Row, role: str) -> str:
        """What a row says in the first column of a role that it fills; "" if it fills none."""
        return next((_unescaped(row[name]) for name in self.headings.get(role, ()) if row.get(name)), "")

    def get_all(self, row: Row, role: str) -> list[str]:
        """What a row says in all columns of a role."""
        return [_unescaped(row[name]) for name in self.headings.get(role, ()) if row.get(name)]

    def describe(self) -> dict[str, str]:
        """What was found where: role -> headings as the table has them."""
        named = {role: ", ".join(self.written[name] for name in names) for role, names in self.headings.items()}
        levels = ", ".join(self.written[name] for name in self.levels)
        return {role: text for role, text in {**named, "category levels": levels}.items() if text}


def find_columns(feed: FeedRows, chosen: Iterable[str], name: str) -> ProductColumns:
    """Find out what each column is about.

    Args:
        feed: The table.
        chosen: ROLE=HEADING instead of a guess; ROLE= for none.
        name: Of the table, for messages.

    Raises:
        UsageError: If a choice names a role or a heading that does not exist.
        TableError: If no column is a title, or none a number.
    """
    written: dict[str, str] = {}
    for heading, text in zip(feed.headings, feed.written or feed.headings, strict=True):
        if heading:
            written.setdefault(heading, text.strip())
    guessed = {role: _guess(written, role, names) for role, names in HEADINGS.items()}
    if "type" in written and guessed["parent"]:  # WooCommerce: simple, variable, variation
        guessed["category"] = tuple(each for each in guessed["category"] if each != "type")
    headings = guessed | _parse_choices(chosen, written)
    _require(headings, written, name)
    levels: tuple[str, ...] = ()
    if not headings["category"]:
        by_key = {_fold(heading): heading for heading in written}
        found = (tuple(by_key[each] for each in group if each in by_key) for group in CATEGORY_LEVELS)
        levels = max(found, key=len)
    prices = (*headings["price"], *headings["sale_price"])
    currencies = {each: code for each in prices if (code := _currency_in(written[each]))}
    return ProductColumns(headings, levels, currencies, written)


def names_products(cells: Sequence[str]) -> bool:
    """Whether the cells of a row are headings of a table of products: one is a title and another a number."""
    written = {normalize_heading(cell): cell for cell in cells if cell.strip()}
    has_number = any(_guess(written, role, HEADINGS[role]) for role in _NUMBERS)
    return has_number and bool(_guess(written, "title", HEADINGS["title"]))


def _guess(written: Mapping[str, str], role: str, names: tuple[str, ...]) -> tuple[str, ...]:
    keys = {heading: _readings(heading) for heading in written}
    found = list(dict.fromkeys(heading for name in names for heading, fitting in keys.items() if name in fitting))
    return tuple(found[:1] if role in SINGLE else found)


def _readings(heading: str) -> tuple[str, ...]:
    """How a heading reads as it is, and without a currency or a unit: "판매가(원)", "price_eur"."""
    head, _, last = heading.rpartition("_")
    bare = head if head and currency_code(last) else heading
    return _fold(heading), _fold(_BRACKETS.sub("", heading)), _fold(bare)


def _parse_choices(chosen: Iterable[str], written: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    choices: dict[str, tuple[str, ...]] = {}
    for text in chosen:
        said, equals, heading = text.partition("=")
        role = said.strip().lower().replace("-", "_")
        if not equals:
            raise UsageError(f"--column {text!r}: no heading", hint="--column title=HEADING")
        if role not in HEADINGS:
            raise UsageError(f"--column {text!r}: no such column {said!r}", hint=suggest(role, HEADINGS))
        if not heading.strip():
            choices[role] = ()
            continue
        key = normalize_heading(heading)
        place = key if key in written else next((each for each in written if _fold(each) == _fold(key)), None)
        if place is None:
            raise UsageError(
                f"--column {text!r}: the table has no column {heading!r}", hint=suggest(heading, written.values())
            )
        choices[role] = (*choices.get(role, ()), place)
    return choices


def _require(headings: Mapping[str, tuple[str, ...]], written: Mapping[str, str], name: str) -> None:
    missing = [] if headings["title"] else ["title"]
    if not any(headings[role] for role in _NUMBERS):
        missing.append("sku")
    if missing:
        what = {"title": "what products are called", "sku": "the number of a product"}
        said = " and ".join(what[role] for role in missing)
        raise TableError(
            f"{name}: no column that says {said}, among {shorten([repr(each) for each in written.values()])}",
            hint=" ".join(f"--column {role}=HEADING" for role in missing),
        )


def _unescaped(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from running it; this program's export writes it too."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def _fold(heading: str) -> str:
    """A heading without case, width, blanks and signs."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(each for each in text if each.isalnum())


def _currency_in(heading: str) -> str:
    inside = re.findall(r"[(\[（]([^)\]）]*)[)\]）]", heading)
    last = re.split(r"[\s_]", heading.strip())[-1]
    return next((code for each in (*inside, last) if (code := currency_code(each))), "")
