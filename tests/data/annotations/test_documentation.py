"""`docs/annotations.md` names every kind of set, file and column."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli.data.annotations import SOURCES, read_annotations
from tests.data.annotations.trees import category_attribute_tree, consumer_to_shop_tree, in_shop_tree

PAGE = (Path(__file__).parents[3] / "docs" / "annotations.md").read_text(encoding="utf-8")
TREES = {"inshop": in_shop_tree, "c2s": consumer_to_shop_tree, "attributes": category_attribute_tree}
SECTIONS = {"inshop": "### In-shop", "c2s": "### Consumer-to-shop", "attributes": "### Category and Attribute"}


def test_every_kind_is_there() -> None:
    assert all(f"| `{kind}:" in PAGE for kind in SOURCES)


@pytest.mark.parametrize("kind", TREES)
def test_every_file_and_column_is_in_its_section(tmp_path: Path, kind: str) -> None:
    tree: Callable[[Path], Path] = TREES[kind]
    root = tree(tmp_path)
    section = PAGE.split(SECTIONS[kind])[1].split("\n### ")[0]
    for file in root.rglob("*.txt"):
        assert f"DIR/{file.relative_to(root).as_posix()}" in section
    columns = next(read_annotations(f"{kind}:.", root)).values
    for column in columns:
        named = f"`{column}`" in section or (kind == "c2s" and column.startswith("attributes/"))
        assert named, column
