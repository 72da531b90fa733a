"""The encoding of a page or a file: what it declares, if its bytes bear that out, else what they look like."""

import re
from dataclasses import dataclass

from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_SEARCHED_BYTES = 2**18  # bytes in which a declaration is looked for
_ALIASES = {
    **dict.fromkeys(("x-windows-949", "windows-949", "ms949", "uhc", "euc_kr", "ks_c_5601", "ksc5601"), "cp949"),
    **dict.fromkeys(("x-sjis", "windows-31j", "ms932", "sjis"), "cp932"),
    **dict.fromkeys(("x-gbk", "gb_2312-80"), "gb18030"),
}
_SINGLE_BYTE = re.compile(r"^(?:cp125\d|iso8859|latin|ascii|koi8|mac|cp8\d\d|cp437)", re.IGNORECASE)
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3041-\u30fe]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MAX_BROKEN_SHARE = 0.05  # share of letters that may be broken in an otherwise good text


@dataclass(frozen=True)
class DecodedText:
    """A text and how it came to be one.

    Attributes:
        text: Without a byte order mark.
        encoding: As Python names it.
        broken: Bytes that this encoding does not have.
    """

    text: str
    encoding: str
    broken: int = 0


def decode_page(body: bytes, content_type: str = "") -> DecodedText:
    """Decode a page.

    A byte order mark is right. Then comes the first declared encoding, of the header or the page, that can be true:
    servers that say ISO-8859-1 or UTF-8 of everything are common. Without one, UTF-8, then Korean, Japanese, Chinese.
    """
    return decode(body, find_declared_encodings(body, content_type))


def find_declared_encodings(body: bytes, content_type: str = "") -> list[str]:
    """Find the encodings that header and page declare, in that order."""
    labels = [http_content_type_encoding(content_type) or ""]
    match = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    labels += [match[1]] if match else []
    labels += [each.decode("ascii", "ignore") for each in _DECLARED.findall(body[:_SEARCHED_BYTES])[:8]]
    return [name for each in labels if (name := _python_name(each))]


def decode(body: bytes, declared: list[str]) -> DecodedText:
    """Decode bytes.

    Args:
        declared: Python's names of encodings that they may be in, the likeliest first.
    """
    mark, bom = read_bom(body)
    if mark and bom:
        return _decode_lossy(body[len(bom) :], mark)
    if wide := _detect_utf16(body):
        return _decode_lossy(body, wide)
    narrow = [each for each in declared if not each.startswith(("utf-16", "utf-32"))]
    if body.isascii():
        return DecodedText(body.decode("ascii"), narrow[0] if narrow else "utf-8")
    return _decode_non_ascii(body, narrow)


def _decode_non_ascii(body: bytes, declared: list[str]) -> DecodedText:
    """Decode a text with letters beyond ASCII in the first encoding that it can be in."""
    multibyte = list(dict.fromkeys(each for each in (*declared, "utf-8") if not _SINGLE_BYTE.match(each)))
    attempts = [_decode_lossy(body, encoding) for encoding in multibyte]
    few = _MAX_BROKEN_SHARE * sum(byte > 127 for byte in body) / 2
    whole = next((each for each in attempts if not each.broken), None)
    nearly = next((each for each in attempts if each.broken <= few), None)
    single = next((each for each in declared if _SINGLE_BYTE.match(each)), "")
    guessed = None if single else _detect_cjk(body)
    return whole or nearly or guessed or _decode_lossy(body, declared[0] if declared else "cp1252")


def is_utf16_or_32(body: bytes) -> bool:
    """Whether a text is in UTF-16 or UTF-32, with its mark or without."""
    return bool(read_bom(body)[0]) or bool(_detect_utf16(body))


def _python_name(name: str) -> str:
    lowered = name.strip().lower()
    return _ALIASES.get(lowered) or resolve_encoding(lowered) or ""


def _decode_lossy(body: bytes, encoding: str) -> DecodedText:
    try:
        return DecodedText(body.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = body.decode(encoding, "replace")
        return DecodedText(text, encoding, text.count("\ufffd"))


def _detect_utf16(body: bytes) -> str:
    """Detect UTF-16 without a mark: every second byte of plain letters is 0."""
    start = body[:400]
    if len(start) < 4 or start.count(0) < len(start) // 4:
        return ""
    return "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"


def _detect_cjk(body: bytes) -> DecodedText | None:
    """Detect Korean, Japanese or Chinese by the letters that the text consists of."""
    for encoding, letters, least in (
        ("cp949", _HANGUL, 0.6),
        ("cp932", _KANA, 0.1),
        ("euc_jp", _KANA, 0.1),
        ("gb18030", _HAN, 0.8),
    ):
        candidate = _decode_lossy(body, encoding)
        others = [letter for letter in candidate.text if ord(letter) > 127]
        common = sum(bool(letters.match(letter)) for letter in others)
        if candidate.broken == 0 and others and common >= least * len(others):
            return candidate
    return None
