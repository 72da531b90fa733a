"""Which photographs are one garment, how often each comes, and what is held out."""

import csv
import hashlib
from pathlib import Path

import pytest

from fashion_cli.data.targets import LabelRule
from fashion_cli.errors import AnnotationError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.photographs import Photographs, read_set
from fashion_cli.training.recipe_sections import SetSection

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


def write_plain(path: Path, header: str, values: str) -> Path:
    """A manifest of items with two photographs each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"id_{number}/{view}.jpg,id_{number}{values}" for number in range(ITEMS) for view in ("front", "side")]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path.parent


def place(name: str) -> float:
    """Where the hash of a name falls in [0, 1): its first eight hexadecimal digits."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 16**8


@pytest.mark.parametrize("item", ["item_id", ""])
@pytest.mark.parametrize(
    ("header", "values", "anew"),
    [("path,item_id", "", False), ("path,item_id,split", ",val", True), ("path,item_id,split", ",train", True)],
)
def test_a_set_is_divided_by_its_shares(tmp_path: Path, item: str, header: str, values: str, anew: bool) -> None:
    """Without a split of its own, or against it: a plain loop over the hashes of items, or of paths below the set."""
    section = SetSection("csv:a/shop.csv", item=item, held_out=0.1, tested=0.2, divide_anew=anew)
    expected = []
    for number in range(ITEMS):
        for view in ("front", "side"):
            where = place(f"id_{number}" if item else f"id_{number}/{view}.jpg")
            expected.append("val" if where < 0.1 else "test" if where < 0.3 else "train")
    write_plain(tmp_path / "a" / "shop.csv", header, values)
    assert [row.split for row in read_set(section, tmp_path)] == expected
    counts = [expected.count(split) / len(expected) for split in ("train", "val", "test")]
    assert counts == pytest.approx([0.7, 0.1, 0.2], abs=0.04)


def test_a_division_does_not_depend_on_where_the_set_lies_or_how_that_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = SetSection("shop.csv", tested=0.2)
    here = write_plain(tmp_path / "a" / "shop.csv", "path,item_id", "")
    there = write_plain(tmp_path / "elsewhere" / "under" / "b" / "shop.csv", "path,item_id", "")
    monkeypatch.chdir(here)
    divided = [[row.split for row in read_set(section, folder)] for folder in (here, there, Path())]
    assert divided[0] == divided[1] == divided[2]
    assert set(divided[0]) == {"train", "val", "test"}


def test_held_out_alone_does_not_depend_on_how_the_place_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, item=False)
    monkeypatch.chdir(tmp_path)
    section = SetSection("shop.csv", held_out=0.3)
    divided = [[row.split for row in read_set(section, folder)] for folder in (tmp_path, Path())]
    assert divided[0] == divided[1]


def test_only_splits_that_are_missing_are_made_up(tmp_path: Path) -> None:
    lines = [f"{number}.jpg,{'val' if number < 100 else 'train'}" for number in range(ITEMS)]
    (tmp_path / "shop.csv").write_text("\n".join(["path,split", *lines]) + "\n")
    rows = read_set(SetSection("shop.csv", held_out=0.5, tested=0.2), tmp_path)
    assert [row.split for row in rows[:100]] == ["val"] * 100
    wanted = ["test" if 0.5 <= place(f"{number}.jpg") < 0.7 else "train" for number in range(100, ITEMS)]
    assert [row.split for row in rows[100:]] == wanted


def test_recipes_without_the_new_keys_divide_as_they_did(tmp_path: Path) -> None:
    """By the last four parts of the whole path."""
    section = SetSection("shop.csv", held_out=0.2)
    for row in read_set(section, write(tmp_path, item=False)):
        assert row.split == ("val" if place("/".join(row.path.parts[-4:])) < 0.2 else "train")


def test_a_folder_per_class_has_a_division_of_its_own_and_may_get_another(tmp_path: Path) -> None:
    names = [f"{label}/{number}.jpg" for label in ("coat", "dress") for number in range(60)]
    for name in names:
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).touch()
    own = read_set(SetSection("folder:set"), tmp_path)
    assert {row.split for row in own} == {"train", "val"}
    assert 0.7 < sum(row.split == "train" for row in own) / len(own) < 0.9
    again = read_set(SetSection("folder:set", held_out=0.3, tested=0.3, divide_anew=True), tmp_path)
    for row in again:
        where = place(row.path.relative_to(tmp_path / "set").as_posix())
        assert row.split == ("val" if where < 0.3 else "test" if where < 0.6 else "train")


def test_photographs_without_a_label_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,kind,split\na.jpg,coat,train\nb.jpg,,train\nc.jpg,sock,val\nd.jpg,,val\n")
    rule = LabelRule("kind", "kind", tags={"coat": ("coat",)})
    assert len(read_set(SetSection("m.csv", labels=(rule,)), tmp_path)) == 4
    rows = read_set(SetSection("m.csv", labels=(rule,), only_labelled=True), tmp_path)
    assert [row.path.name for row in rows] == ["a.jpg"]
    with pytest.raises(AnnotationError, match="no photograph has a label"):
        read_set(SetSection("m.csv", only_labelled=True), tmp_path)


def test_what_shares_a_value_stays_in_one_split(tmp_path: Path) -> None:
    """By the value's hash in a plain loop."""
    section = SetSection("shop.csv", divide_by="item_id", held_out=0.2, tested=0.1, divide_anew=True)
    for row in read_set(section, write(tmp_path, split="val")):
        digest = hashlib.sha256(row.values["item_id"].encode()).hexdigest()
        place = int(digest[:8], 16) / 2**32
        assert row.split == ("val" if place < 0.2 else "test" if place < 0.3 else "train")
    with pytest.raises(AnnotationError, match="no column 'sender'"):
        read_set(SetSection("shop.csv", divide_by="sender"), tmp_path)


def test_without_a_value_to_divide_by_an_item_stays_whole(tmp_path: Path) -> None:
    rows = ["path,item_id,sender"]
    rows += [f"{number}/{view}.jpg,{number},{'' if number % 2 else 'ann'}" for number in range(60) for view in "ab"]
    rows += [f"alone/{number}.jpg,," for number in range(60)]
    (tmp_path / "shop.csv").write_text("\n".join(rows) + "\n")
    section = SetSection("shop.csv", item="item_id", divide_by="sender", held_out=0.3, tested=0.2)
    splits: dict[str, set[str]] = {}
    for row in read_set(section, tmp_path):
        splits.setdefault(row.values["sender"] or row.values["item_id"] or row.path.name, set()).add(row.split)
    assert all(len(each) == 1 for each in splits.values())
    assert {split for each in splits.values() for split in each} == {"train", "val", "test"}


def tables(folder: Path, *, more: str = "path,sleeve,colour\na.jpg,long,blue\nother.jpg,short,blue\n") -> SetSection:
    (folder / "set").mkdir()
    (folder / "set" / "m.csv").write_text("path,colour,split\na.jpg,red,train\nb.jpg,blue,val\n")
    (folder / "set" / "more.csv").write_text(more)
    return SetSection("set/m.csv", tables=("set/more.csv",), labels=(LabelRule("sleeve", "sleeve"),))


def test_a_table_says_more_of_photographs(tmp_path: Path) -> None:
    rows = read_set(tables(tmp_path), tmp_path)
    assert [dict(row.values) for row in rows] == [
        {"sleeve": "long", "colour": "red", "split": "train"},
        {"sleeve": "", "colour": "blue", "split": "val"},
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("path,sleeve\nc.jpg,long\n", "none of its photographs is in the set"),
        ("path,sleeve\n", "none of its photographs is in the set"),
        ("path,sleeve\na.jpg,long\na.jpg,short\n", "named twice"),
        ("path,cut\na.jpg,long\n", "no column 'sleeve'"),
    ],
)
def test_a_table_that_does_not_belong(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(AnnotationError, match=said):
        read_set(tables(tmp_path, more=more), tmp_path)
