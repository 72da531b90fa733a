"""Which photographs are one garment, how often each comes, and what is held out."""

import csv
from pathlib import Path

import pytest

from fashion_cli.data.targets import LabelRule
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.photographs import Photographs, read_set
from fashion_cli.training.recipe import SetSection

COLOURS = Vocabulary((TagGroup("colour", ("red", "blue"), exclusive=True),))
ITEMS = 400


def write(folder: Path, *, item: bool = True, split: str = "train") -> Path:
    """A manifest of items with two photographs each, whose file names are the same in every folder."""
    with (folder / "shop.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "item_id", "colour", "split"])
        for number in range(ITEMS):
            for view in ("1_front", "2_side"):
                colour = "blue" if number % 10 == 0 else "red"
                writer.writerow([f"id_{number}/{view}.jpg", number if item else "", colour, split])
    return folder


def test_whole_items_are_held_out(tmp_path: Path) -> None:
    section = SetSection("shop.csv", item="item_id", held_out=0.2)
    rows = read_set(section, write(tmp_path))
    splits = {row.values["item_id"]: set() for row in rows}  # type: dict[str, set[str]]
    for row in rows:
        splits[row.values["item_id"]].add(row.split)
    assert all(len(each) == 1 for each in splits.values())
    assert 0.12 < sum(each == {"val"} for each in splits.values()) / ITEMS < 0.28


@pytest.mark.parametrize("section", [SetSection("shop.csv"), SetSection("shop.csv", item="item_id")])
def test_files_of_the_same_name_are_held_out_one_by_one(tmp_path: Path, section: SetSection) -> None:
    rows = read_set(section, write(tmp_path, item=False))
    held_out = [row.path.parent.name for row in rows if row.split == "val"]
    assert 20 < len(held_out) < 60  # a twentieth of 800, whatever their names
    assert len(set(held_out)) > len(held_out) / 2


def test_what_is_held_out_does_not_depend_on_where_the_set_lies(tmp_path: Path) -> None:
    chosen = []
    for name in ("here", "there"):
        folder = tmp_path / name / "deeper" / "still"
        folder.mkdir(parents=True)
        rows = read_set(SetSection("a/shop.csv"), write_below(folder))
        chosen.append([row.path.relative_to(folder) for row in rows if row.split == "val"])
    assert chosen[0] == chosen[1] != []


def write_below(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    write(folder / "a", item=False)
    return folder


def test_a_published_val_split_is_left_alone(tmp_path: Path) -> None:
    rows = read_set(SetSection("shop.csv"), write(tmp_path, split="val"))
    assert {row.split for row in rows} == {"val"}


def test_rare_garments_come_more_often_and_the_share_is_kept(tmp_path: Path) -> None:
    rule = LabelRule("colour", "colour")
    section = SetSection("shop.csv", item="item_id", share=1.5, labels=(rule,), held_out=0)
    rows = read_set(section, write(tmp_path))
    photographs = Photographs(COLOURS, [(section, rows)], rare_below=0.4)
    assert len(photographs.garments) == ITEMS
    assert photographs.garment_of.tolist() == [number for number in range(ITEMS) for _ in range(2)]
    assert sum(photographs.shares) / ITEMS == pytest.approx(1.5)
    # Blue is on a tenth of the photographs: sqrt(0.4 / 0.1) = 2 times as often as red.
    assert photographs.shares[0] / photographs.shares[1] == pytest.approx(2)
