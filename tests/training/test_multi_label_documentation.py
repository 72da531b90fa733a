"""docs/multi-label-styles.md tells the truth: every option with its default, and commands that can be read."""

import re
import shlex
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from fashion_cli.training.label_graph import LabelGraphOptions
from fashion_cli.training.recipe import find_recipe, read_recipe

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "multi-label-styles.md").read_text(encoding="utf-8")


def test_every_option_is_documented_with_its_default() -> None:
    written = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", TEXT, re.MULTILINE))
    declared = {each.name: each.default if each.default is not MISSING else {} for each in fields(LabelGraphOptions)}
    assert {name: tomllib.loads(f"value = {text}")["value"] for name, text in written.items()} == declared


def test_its_recipes_are_there_and_its_overrides_fit() -> None:
    lines = [
        shlex.split(line, comments=True)
        for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    trained = [words for words in lines if words[:2] == ["fashion", "train"]]
    assert trained
    for words in trained:
        read_recipe(find_recipe(words[2]), [words[place + 1] for place, word in enumerate(words) if word == "-o"])


@pytest.mark.parametrize("name", ["multi-label-small", "basic-cnn-small"])
def test_systems_that_are_compared_differ_in_the_network_alone(name: str) -> None:
    graph, other = (read_recipe(find_recipe(each)) for each in ("ml-gcn-small", name))
    free = ("model", "optimiser")
    assert [(key, value) for key, value in vars(graph).items() if key not in free] == [
        (key, value) for key, value in vars(other).items() if key not in free
    ]
    for key in ("mean", "std", "fit", "interpolation", "crop_share"):
        assert getattr(graph.model, key) == getattr(other.model, key)
    rates = {"optimiser": vars(graph.optimiser), "other": vars(other.optimiser)}
    different = {key for key in rates["optimiser"] if rates["optimiser"][key] != rates["other"][key]}
    assert different == ({"trunk_rate"} if name.startswith("basic-cnn") else set())
