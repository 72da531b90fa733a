"""Currencies: their ISO 4217 codes, the signs that shops write for them, and how their numbers are written."""

import re


def _codes(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Z]{3}", text))


CODES = _codes(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)

# Signs and short names, folded -> code. Those that several currencies share stand for the one that writes them most,
# and give way to a code that stands beside the price.
_SHARED = {
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "元": "CNY",
    "圓": "TWD",
    "rs": "INR",
    "rs.": "INR",
    "r": "ZAR",
    "fr.": "CHF",
    "dh": "AED",
    "lei": "RON",
    "din": "RSD",
    "din.": "RSD",
    "dollar": "USD",
    "dollars": "USD",
    "pesos": "MXN",
    "s/": "PEN",
    "bs": "BOB",
    "kn": "HRK",
    "₨": "PKR",
    "đ": "VND",
    "p.": "RUB",
}
# Shared by several currencies, none of which writes them most: no price without a code beside it.
_UNDECIDED = frozenset({"kr", "kr.", ",-kr"})
_SIGNS = {
    "₩": "KRW",
    "원": "KRW",
    "won": "KRW",
    "krw원": "KRW",
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "us$": "USD",
    "us $": "USD",
    "usd$": "USD",
    "u$s": "USD",
    "ca$": "CAD",
    "c$": "CAD",
    "cad$": "CAD",
    "cdn$": "CAD",
    "au$": "AUD",
    "a$": "AUD",
    "aud$": "AUD",
    "nz$": "NZD",
    "hk$": "HKD",
    "nt$": "TWD",
    "s$": "SGD",
    "sg$": "SGD",
    "r$": "BRL",
    "mx$": "MXN",
    "mex$": "MXN",
    "clp$": "CLP",
    "cop$": "COP",
    "col$": "COP",
    "ar$": "ARS",
    "円": "JPY",
    "jp¥": "JPY",
    "cn¥": "CNY",
    "rmb": "CNY",
    "人民币": "CNY",
    "₹": "INR",
    "₽": "RUB",
    "руб": "RUB",
    "руб.": "RUB",
    "р.": "RUB",
    "₺": "TRY",
    "tl": "TRY",
    "฿": "THB",
    "บาท": "THB",
    "₫": "VND",
    "vnđ": "VND",
    "₱": "PHP",
    "₪": "ILS",
    "₴": "UAH",
    "грн": "UAH",
    "грн.": "UAH",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "ft.": "HUF",
    "rp": "IDR",
    "rp.": "IDR",
    "rm": "MYR",
    "sfr": "CHF",
    "sfr.": "CHF",
    "лв": "BGN",
    "лв.": "BGN",
    "₸": "KZT",
    "тг": "KZT",
    "₦": "NGN",
    "₵": "GHS",
    "₭": "LAK",
    "៛": "KHR",
    "₮": "MNT",
    "₼": "AZN",
    "₾": "GEL",
    "֏": "AMD",
    "₡": "CRC",
    "₲": "PYG",
    "ksh": "KES",
    "kshs": "KES",
    "fcfa": "XOF",
    "f cfa": "XOF",
    "ريال": "SAR",
    "ر.س": "SAR",
    "د.إ": "AED",
    "د.ك": "KWD",
    "дин": "RSD",
    "дин.": "RSD",
    "ден": "MKD",
    "usドル": "USD",
    "ドル": "USD",
    "달러": "USD",
    "유로": "EUR",
    "엔": "JPY",
    "위안": "CNY",
    "신대만달러": "TWD",
}

# Three digits behind a dot are thousands: nobody writes thousandths of these, and few their hundredths.
WHOLE = _codes(
    "BIF CLP COP CRC DJF GNF HUF IDR IRR ISK JPY KHR KMF KPW KRW LAK LBP MGA MMK MNT PYG RWF SLE SYP TZS UGX UZS VND "
    "VUV XAF XOF XPF"
)
# Where these are used, decimals stand behind a comma, and a dot parts thousands.
COMMA = _codes(
    "ALL AOA ARS AZN BAM BGN BRL BYN COP CRC CZK DKK EUR GEL HRK HUF IDR ISK KZT MDL MKD MZN NOK PLN PYG RON RSD RUB "
    "SEK TRY UAH UYU VES VND"
)
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

_NAMES = {**_SHARED, **_SIGNS}
_WORDS = sorted((*_NAMES, *_UNDECIDED, *map(str.lower, CODES)), key=len, reverse=True)
# A name in letters is none inside a longer word: `Rp` of "Rp150", not `fr.` of "afr.".
SIGN = re.compile(
    "|".join(
        rf"(?<![^\W\d_]){re.escape(each)}(?![^\W\d_])" if each.isalpha() and each.isascii() else re.escape(each)
        for each in _WORDS
    )
)


def currency_code(text: str) -> str:
    """The ISO 4217 code of a currency that is written somehow; "" if it is none."""
    name = text.strip().casefold()
    return name.upper() if name.upper() in CODES else _NAMES.get(name, "")


def is_shared(sign: str) -> bool:
    """Whether several currencies write this sign."""
    return sign.strip().casefold() in _SHARED or sign.strip().casefold() in _UNDECIDED
