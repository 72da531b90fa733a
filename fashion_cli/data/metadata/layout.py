"""What the formats have in common: the error, and numbers in a file's bytes."""


class LayoutError(Exception):
    """A file whose parts cannot be told apart."""


def number(data: bytes, start: int, size: int, order: str = "big") -> int:
    """An unsigned number of `size` bytes, "big" or "little" end first.

    Raises:
        LayoutError: If the file ends before it does.
    """
    if start < 0 or start + size > len(data):
        raise LayoutError("the file ends in the middle of a number")
    return int.from_bytes(data[start : start + size], "little" if order == "little" else "big")


def part(data: bytes, start: int, size: int) -> bytes:
    """`size` bytes from `start` on.

    Raises:
        LayoutError: If the file ends before they do.
    """
    if start < 0 or size < 0 or start + size > len(data):
        raise LayoutError("the file ends in the middle of a part")
    return data[start : start + size]
