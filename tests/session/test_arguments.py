"""What Python gives as filters is what the command line would read."""

from typing import Any

import pytest

from fashion_cli.retrieval.filters import Condition
from fashion_cli.session.arguments import conditions_of


@pytest.mark.parametrize(
    ("where", "texts"),
    [
        ({"Price": "<30"}, ["Price<30"]),
        ({"Price": ">= 30"}, ["Price>= 30"]),
        ({"Price": "<=30", "colour": "!=red"}, ["Price<=30", "colour!=red"]),
        ({"colour": ["red", "pink"], "size": 38}, ["colour=red,pink", "size=38"]),
        ({"size": (38, 39.5)}, ["size=38,39.5"]),
        ("Price=10..30", ["Price=10..30"]),
        ([], []),
    ],
)
def test_a_dict_says_what_texts_say(where: Any, texts: list[str]) -> None:
    assert conditions_of(where) == [Condition.parse(text) for text in texts]
