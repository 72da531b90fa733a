"""A config with a value of the wrong type says so in a sentence, whichever config and whichever field."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import fashion_cli.steps
from fashion_cli.checked_fields import CheckedFields, describe_type
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.data.images import Box
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.retrieval.search import SearchOptions
from fashion_cli.steps.embed import EmbedConfig
from fashion_cli.steps.index import IndexConfig
from fashion_cli.steps.search import QueryPart, SearchConfig

INDEX, ONNX = Path("index"), InferenceOptions(engine="onnx")
PART = QueryPart(Path("a.jpg"))


def configs() -> list[type]:
    """Every config of every step."""
    modules = [
        importlib.import_module(f"fashion_cli.steps.{each.name}")
        for each in pkgutil.iter_modules(fashion_cli.steps.__path__)
    ]
    found = {value for module in modules for name, value in vars(module).items() if name.endswith(("Config", "Part"))}
    return sorted({*found, CrawlConfig, InferenceOptions, SearchOptions}, key=lambda each: each.__name__)


@pytest.mark.parametrize("config", configs(), ids=lambda each: each.__name__)
def test_every_config_is_frozen_and_checked(config: Any) -> None:
    assert issubclass(config, CheckedFields)
    assert is_dataclass(config)
    assert vars(config)["__dataclass_params__"].frozen


@pytest.mark.parametrize("config", configs(), ids=lambda each: each.__name__)
def test_no_config_takes_an_object_for_any_field(config: Any) -> None:
    """Each field alone would be refused; which one comes first does not matter."""
    wrong = {each.name: object() for each in fields(config)}
    with pytest.raises(UsageError, match=rf"^{config.__name__}: \w+: .*; got an object$"):
        config(**wrong)


def search(**changes: Any) -> SearchConfig:
    return SearchConfig(**{"queries": ((PART,),), "index": INDEX, "inference": ONNX, **changes})


def embed(**changes: Any) -> EmbedConfig:
    return EmbedConfig(**{"images": (Path("a"),), "out": Path("f.h5"), "inference": ONNX, **changes})


WRONG: list[tuple[Any, dict[str, Any], str, str]] = [
    (search, {"queries": (PART,)}, "got a tuple of QueryPart: one bracket too few", "queries=(…,)"),
    (search, {"queries": PART}, "got a QueryPart: two brackets too few", "queries=((…,),)"),
    (search, {"queries": [(PART,)]}, "got a list of tuples of QueryPart", "queries=tuple(…)"),
    (search, {"queries": (((PART,),),)}, "got a tuple of tuples of tuples of QueryPart", ""),
    (search, {"where": "colour=red"}, "got a str, 'colour=red': not in a tuple", "where=('colour=red',)"),
    (search, {"where": ["colour=red"]}, "where: a tuple of str; got a list of str", "where=tuple(…)"),
    (search, {"index": "index"}, "index: a Path; got a str, 'index'", "index=Path('index')"),
    (SearchOptions, {"topk": "5"}, "topk: an int; got a str, '5'", ""),
    (SearchOptions, {"topk": 5.0}, "topk: an int; got a float, 5.0", ""),
    (SearchOptions, {"topk": True}, "topk: an int; got a bool, True", ""),
    (SearchOptions, {"rerank": "no"}, "rerank: a bool; got a str, 'no'", ""),
    (search, {"box": "1,2,3,4"}, "box: a Box or None; got a str, '1,2,3,4'", ""),
    (search, {"inference": "tiny"}, "inference: an InferenceOptions; got a str, 'tiny'", ""),
    (embed, {"out": "f.h5"}, "EmbedConfig: out: a Path; got a str, 'f.h5'", "out=Path('f.h5')"),
    (embed, {"images": "a"}, "images: a tuple of Path; got a str, 'a'", "images=(Path('a'),)"),
    (embed, {"images": Path("a")}, "got a Path, Path('a'): not in a tuple", "images=(Path('a'),)"),
    (embed, {"images": ("a",)}, "images: a tuple of Path; got a tuple of str", ""),
    (embed, {"manifest": "m.csv"}, "manifest: a Path or None; got a str, 'm.csv'", "manifest=Path('m.csv')"),
    (QueryPart, {"path": "a.jpg"}, "QueryPart: path: a Path; got a str, 'a.jpg'", "path=Path('a.jpg')"),
    (QueryPart, {"path": Path("a.jpg"), "weight": "2"}, "weight: a float; got a str, '2'", ""),
    (InferenceOptions, {"model": Path("m")}, "model: a str; got a Path, Path('m')", "model='m'"),
    (SearchOptions, {"topk": None}, "topk: an int; got None", ""),
]


@pytest.mark.parametrize(("make", "values", "message", "hint"), WRONG)
def test_what_is_said(make: Any, values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as error:
        make(**values)
    assert message in str(error.value)
    assert error.value.hint == hint


def test_what_fits_is_taken() -> None:
    search(where=(), box=Box(0, 0, 1, 1))
    SearchOptions(topk=np.int64(5), alpha=1, beta=np.float32(0.5), min_percentile=95)  # type: ignore[arg-type]
    embed(images=(), manifest=Path("m.csv"))


@dataclass(frozen=True)
class Everything(CheckedFields):
    choice: Literal["a", 1] | None = None
    pair: tuple[int, str] = (1, "a")
    table: Mapping[str, int] | None = None
    call: Callable[[int], int] | None = None
    whatever: Any = None


@pytest.mark.parametrize(
    "values", [{"choice": 1}, {"choice": "a"}, {"pair": (2, "")}, {"table": {}}, {"call": abs}, {"whatever": object()}]
)
def test_all_kinds_of_fields(values: dict[str, Any]) -> None:
    Everything(**values)


@pytest.mark.parametrize(
    "values", [{"choice": True}, {"choice": 2}, {"pair": (1,)}, {"pair": ("a", 1)}, {"table": []}, {"call": 1}]
)
def test_all_kinds_of_wrong_fields(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Everything(**values)


def test_types_in_words() -> None:
    assert describe_type(tuple[tuple[QueryPart, ...], ...]) == "a tuple of tuples of QueryPart"
    assert describe_type(Path | None) == "a Path or None"
    assert describe_type(tuple[int, int] | None) == "a tuple of int and int or None"


def test_a_choice_names_what_there_is() -> None:
    make: Any = IndexConfig
    with pytest.raises(UsageError, match="neighbours: 'auto', 'annoy' or 'exact'; got a str, 'fast'"):
        make((Path("a"),), INDEX, ONNX, neighbours="fast")
