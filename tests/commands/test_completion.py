"""What Tab offers, asked as bash, zsh and fish ask: by the variables that their functions set."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.main import get_command

from fashion_cli.app import app
from fashion_cli.data.features import FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.retrieval.publish import publish, writing

VOCABULARY = Vocabulary(
    (
        TagGroup("category", ("shirt", "t-shirt", "shoes", "dress"), exclusive=False),
        TagGroup("colour", ("red", "green"), exclusive=True),
    )
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with an index `shop` and a `.fashion` beside it."""
    card = ModelCard(
        *("small", "none", "", "", ""), 4, InputSpec(8, 8), VOCABULARY, files={"model.safetensors": "a" * 64}
    )
    rows = FeatureRows(
        paths=("/photographs/a.jpg",),
        sha256=("a" * 64,),
        sizes=np.ones(1, np.int64),
        mtimes_ns=np.ones(1, np.int64),
        widths=np.ones(1, np.int32),
        heights=np.ones(1, np.int32),
        vectors=np.eye(4, dtype=np.float16)[:1],
        scores=np.zeros((1, len(VOCABULARY)), np.float16),
        columns={"item_id": ("1",), "label/season": ("summer",)},
    )
    with FeatureWriter.create(tmp_path / "f.h5", FeatureHeader.of(card), ("item_id", "label/season")) as writer:
        writer.append(rows)
    for out in (".fashion", "shop"):
        with writing(tmp_path / out):
            publish(tmp_path / out, model_location="small", features=tmp_path / "f.h5")
    return tmp_path


def asked(here: Path, **variables: str) -> str:
    """What the program answers to a shell; nothing may be said besides.

    In this process, which has its imports already; `test_tab_waits_for_no_torch` starts a new one, as shells do.
    """
    answer, complaint = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(answer), redirect_stderr(complaint):
        patch.chdir(here)
        for name, value in variables.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit):
            app(prog_name="fashion")
    assert complaint.getvalue() == ""
    return answer.getvalue()


def zsh(here: Path, line: str, **variables: str) -> list[str]:
    answer = asked(here, _FASHION_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=line, **variables)
    return [each.replace("\\\\:", ":") for each in re.findall(r'"([^"]*)"(?=[\n):])', answer)]


def bash(here: Path, *words: str) -> list[str]:
    """Words as bash makes them: an equals sign is one of its own."""
    variables = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    return asked(here, _FASHION_COMPLETE="complete_bash", **variables).split()


def fish(here: Path, line: str) -> list[str]:
    variables = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": line}
    return [
        each.split("\t")[0] for each in asked(here, _FASHION_COMPLETE="complete_fish", **variables).split("\n") if each
    ]


def test_where_offers_groups_columns_and_tags(shop: Path) -> None:
    assert zsh(shop, "fashion search a.jpg --where ") == ["category=", "colour=", "item_id=", "season="]
    assert zsh(shop, "fashion search a.jpg --where category=sh") == ["category=shirt", "category=shoes"]
    assert zsh(shop, "fashion search a.jpg --where category=shirt,sh") == ["category=shirt,shoes"]
    assert fish(shop, "fashion search a.jpg --where colour=") == ["colour=red", "colour=green"]


def test_bash_takes_the_equals_sign_for_a_word(shop: Path) -> None:
    assert bash(shop, "fashion", "search", "a.jpg", "--where", "ca") == ["category="]
    assert bash(shop, "fashion", "search", "a.jpg", "--where", "colour", "=") == ["red", "green"]
    assert bash(shop, "fashion", "search", "a.jpg", "--where", "category", "=", "sh") == ["shirt", "shoes"]
    assert bash(shop, "fashion", "search", "a.j") == []  # file names are the shell's


def test_models_recipes_and_what_training_starts_from(shop: Path) -> None:
    assert zsh(shop, "fashion tag a.jpg --model f") == ["fashion-mobilenet"]
    assert bash(shop, "fashion", "train", "lim-nang-a") == ["lim-nang-attributes"]
    assert {"fashion-mobilenet", "torchvision:"} <= set(zsh(shop, "fashion train gallery --init "))
    assert "inshop:" in zsh(shop, "fashion train gallery --data ")
    assert "category" in zsh(shop, "fashion tag a.jpg --group ")
    assert "category" in zsh(shop, "fashion eval styles --group ")
    assert zsh(shop, "fashion eval styles --model nowhere --group ") == []
    assert "category=" in zsh(shop, "fashion eval tags a.csv --column ")


def test_index_directories(shop: Path) -> None:
    (shop / "no-index").mkdir()
    assert zsh(shop, "fashion search a.jpg --index ") == [".fashion", "shop"]
    assert zsh(shop.parent, f"fashion search a.jpg --index {shop.name}/s") == [f"{shop.name}/shop"]
    (shop / ".fashion").rename(shop / "other")
    assert zsh(shop, "fashion search --index shop --where colour=r") == ["colour=red"]
    assert zsh(shop, "fashion search --where colour=r", FASHION_INDEX="shop") == ["colour=red"]


def test_where_nothing_is_known_nothing_is_said(tmp_path: Path) -> None:
    for line in ("search --where ", "search --where category=", "map --group ", "tag --model nowhere --group "):
        assert zsh(tmp_path, f"fashion {line}") == []
    (tmp_path / ".fashion").mkdir()
    (tmp_path / ".fashion" / "manifest.json").write_text("damaged")
    assert zsh(tmp_path, "fashion search --where ") == []
    (tmp_path / "fashion.toml").write_text("damaged")
    assert zsh(tmp_path, "fashion search --where ") == []


def test_tab_waits_for_no_torch(shop: Path) -> None:
    program = (
        "import os, sys; os.environ.update(_FASHION_COMPLETE='complete_zsh',"
        "_TYPER_COMPLETE_ARGS='fashion search --where category=')\n"
        "from fashion_cli.app import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('torch', 'onnxruntime', 'PIL', 'rich') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=shop, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
    assert "category=shirt" in ran.stdout


OFFERED = {
    "--model": "fashion-mobilenet",
    "--tagger": "fashion-mobilenet",
    "--index": "shop",
    "--where": "colour=",
    "--but": "colour=",
    "--group": "category",
    "--init": "torchvision:",
    "--recipe": "lim-nang",
    "recipe": "lim-nang",
    "names": "fashion-mobilenet",
}


def test_every_option_that_takes_a_known_name_offers_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    contexts = [typer.Context(get_command(app), info_name="fashion")]
    lacking: list[tuple[str, str]] = []
    seen: set[str] = set()
    while contexts:
        context = contexts.pop()
        for name, command in getattr(context.command, "commands", {}).items():
            contexts.append(typer.Context(command, info_name=name, parent=context))
        for parameter in context.command.params:
            option = next((each for each in parameter.opts if each in OFFERED), "")
            if option and context.info_name != "help":
                seen.add(option)
                if OFFERED[option] not in [each.value for each in parameter.shell_complete(context, "")]:
                    lacking.append((context.command_path, option))
    assert lacking == []
    assert seen == set(OFFERED)
