"""docs/multi-label-styles.md tells the truth: every option with its default, commands that can be read, and systems
that differ in the network alone."""

import re
import shlex
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import styles_comparison
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.training.label_graph import LabelGraphOptions
from fashion_cli.training.recipe import read_recipe
from fashion_cli.training.recipe_files import find_recipe
from fashion_cli.zoo import build_model

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
        read_recipe(find_recipe(words[2]), [words[place + 1] for place, word in enumerate(words) if word == "--set"])


@pytest.mark.parametrize("size", ["", "-small"])
@pytest.mark.parametrize("name", ["multi-label", "basic-cnn"])
def test_systems_that_are_compared_differ_in_the_network_alone(name: str, size: str) -> None:
    graph, other = (read_recipe(find_recipe(f"{each}{size}")) for each in ("ml-gcn", name))
    free = ("model", "optimiser")
    assert [(key, value) for key, value in vars(graph).items() if key not in free] == [
        (key, value) for key, value in vars(other).items() if key not in free
    ]
    for key in ("mean", "std", "fit", "interpolation", "crop_share"):
        assert getattr(graph.model, key) == getattr(other.model, key)
    rates = {"optimiser": vars(graph.optimiser), "other": vars(other.optimiser)}
    different = {key for key in rates["optimiser"] if rates["optimiser"][key] != rates["other"][key]}
    assert different == ({"backbone_lr"} if name == "basic-cnn" else set())


@pytest.mark.parametrize("size", ["", "-small"])
def test_neither_network_drops_out_more_than_the_other(size: str) -> None:
    graph, plain = (dropouts(f"{name}{size}") for name in ("ml-gcn", "multi-label"))
    assert graph == plain


def dropouts(name: str) -> list[float]:
    """The p of every dropout in a recipe's network."""
    recipe = read_recipe(find_recipe(name))
    stage = recipe.stages[-1]
    card = ModelCard(
        name=recipe.model.name,
        architecture=recipe.model.architecture,
        summary="",
        source="",
        licence="CC0-1.0",
        vector_width=recipe.model.vector_width,
        input=InputSpec(stage.height, stage.width),
        vocabulary=Vocabulary((TagGroup("style", ("dandy", "preppy"), exclusive=False),)),
        options={**recipe.model.options, "label_width": 3},
    )
    with torch.device("meta"):
        network = build_model(card)
    return [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]


@pytest.mark.parametrize("given", [(), ("--full",)])
def test_the_comparison_trains_and_measures_these_recipes(
    given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[object, ...]] = []

    def fashion(*line: object, keep: bool = False) -> str:
        asked.append(line)
        return ""

    monkeypatch.setattr(styles_comparison, "fashion", fashion)
    monkeypatch.setattr(
        "sys.argv", ["it", *given, "--data", "d", "--init", "i", "--out", str(tmp_path), "--seeds", "4"]
    )
    styles_comparison.main()
    size = "" if given else "-small"
    compared = [f"{name}{size}" for name in ("ml-gcn", "multi-label", "basic-cnn")]
    trained, measured = asked[:3], asked[3:]
    assert [line[1] for line in trained] == compared
    assert ["--init" in line for line in trained] == [True, True, False]
    for line in measured:
        assert line[:3] == ("eval", "styles", compared[0])
        models = [line[place + 1] for place, word in enumerate(line) if word == "--model"]
        assert models == [tmp_path / f"{name}-4" for name in compared]
