"""Numbers of things in words."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with what is counted: "1 query", "1,234 queries".

    Args:
        count: How many.
        noun: Of one.
        plural: Of several; "" for the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def none_can_be_read(count: int) -> str:
    """That all photographs are unreadable, of which there may be one."""
    return "the photograph cannot be read" if count == 1 else f"none of the {counted(count, 'photograph')} can be read"
