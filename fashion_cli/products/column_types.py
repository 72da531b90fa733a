"""Columns that hold the same on SQLite, MariaDB and PostgreSQL: long text, exact prices, times in UTC."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

DIGITS, DECIMALS = 18, 4
HIGHEST = Decimal(10) ** (DIGITS - DECIMALS)  # prices stay below it

# MariaDB's TEXT ends at 64 KiB, which a description may pass.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
# A sha256 in hexadecimal. Long texts are unique and looked up by theirs: MariaDB's keys end at 3,072 bytes, and its
# comparisons overlook spaces at the end.
Digest = String(64)


class Price(TypeDecorator[Decimal]):
    """An exact price.

    SQLite has no decimals: it keeps whole numbers and floats, which are exact to 15 digits, and that is why no more
    are ever stored.
    """

    impl = Numeric(DIGITS, DECIMALS)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Numeric(DIGITS, DECIMALS, asdecimal=False))
        return dialect.type_descriptor(Numeric(DIGITS, DECIMALS))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else plain(Decimal(str(value)))


def plain(price: Decimal) -> Decimal:
    """A price without zeros at its end: 19900.0000 is 19900, and 19900 is not 1.99E+4."""
    whole = price.normalize()
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole


class UtcTime(TypeDecorator[datetime]):
    """A moment, to the microsecond. Stored in UTC without an offset, since MariaDB and SQLite know none."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        fine = mysql.DATETIME(fsp=6) if dialect.name in ("mysql", "mariadb") else DateTime()
        return dialect.type_descriptor(fine)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value}: which time zone?")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)
