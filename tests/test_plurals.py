"""One thing is not several."""

import pytest

from fashion_cli.plurals import counted, none_can_be_read


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 queries"), (1, "1 query"), (2, "2 queries"), (1234, "1,234 queries")]
)
def test_a_number_with_its_noun(count: int, words: str) -> None:
    assert counted(count, "query", "queries") == words
    assert counted(count, "query", "queries").startswith(f"{count:,} ")


def test_a_plural_is_made_with_an_s() -> None:
    assert (counted(1, "photograph"), counted(3, "photograph")) == ("1 photograph", "3 photographs")


def test_one_photograph_is_not_one_of_some() -> None:
    assert none_can_be_read(1) == "the photograph cannot be read"
    assert none_can_be_read(1200) == "none of the 1,200 photographs can be read"
