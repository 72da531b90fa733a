"""Which photographs a model's tags are measured on."""

from pathlib import Path

import pytest

from fashion_cli.errors import RecipeError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.training.labelled import LabelSource, read_labelled
from fashion_cli.training.photographs import read_set
from fashion_cli.training.recipe import read_recipe

STYLES = Vocabulary((TagGroup("style", ("dandy", "preppy"), True), TagGroup("kind", ("coat",), True)))
RECIPE = """
task = "multitask"
[model]
name = "m"
[[groups]]
name = "style"
exclusive = true
[[stages]]
epochs = 1
height = 64
width = 48
garments = 4
[[sets]]
source = "SOURCE"
held_out = 0.2
tested = 0.3
divide_anew = true
LABELS
"""
RULE = '[[sets.labels]]\ngroup = "style"\ncolumn = "class"'


def write_recipe(folder: Path, source: str, labels: str = RULE) -> Path:
    path = folder / "recipe.toml"
    path.write_text(RECIPE.replace("SOURCE", source).replace("LABELS", labels))
    return path


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("dandy", "preppy", "techwear"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(40):
            (tmp_path / "set" / name / f"{number}.jpg").touch()
    return tmp_path / "set"


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_recipe_divides_as_training_does(tmp_path: Path, folders: Path, split: str) -> None:
    recipe = write_recipe(tmp_path, "folder:styles")
    found = read_labelled(LabelSource(f"folder:{folders}", split, recipe), STYLES)
    (section,) = read_recipe(write_recipe(tmp_path, "folder:set")).sets
    trained = [row for row in read_set(section, tmp_path) if row.split == split]
    assert found.paths == tuple(row.path for row in trained)
    assert len(trained) > 5
    assert found.unknown == ("style:techwear",)
    for path, truths in zip(found.paths, found.truths, strict=True):
        assert truths.tolist() == [path.parent.name == "dandy", path.parent.name == "preppy", -1]  # techwear: neither


def test_a_folder_by_its_class(folders: Path) -> None:
    found = read_labelled(LabelSource(f"folder:{folders}", "", columns=("style=class",)), STYLES)
    assert found.truths.sum(axis=0).tolist() == [40, 40, -120]


def test_a_recipe_of_one_set_takes_a_source_of_any_name_and_a_table_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("path,class\n" + "".join(f"{n}.jpg,dandy\n" for n in range(30)))
    recipe = write_recipe(tmp_path, "csv:theirs.csv")
    assert read_labelled(LabelSource(f"csv:{tmp_path}/mine.csv", "", recipe), STYLES).truths[:, 0].sum() == 30
    with pytest.raises(RecipeError, match="no sets with the source"):
        read_labelled(LabelSource(f"{tmp_path}/mine.csv", "", recipe), STYLES)
    (tmp_path / "mine.csv").rename(tmp_path / "theirs.csv")
    assert len(read_labelled(LabelSource(f"{tmp_path}/theirs.csv", "", recipe), STYLES).paths) == 30


def test_a_recipe_whose_groups_are_the_columns(tmp_path: Path) -> None:
    lines = [f"{n}.jpg,{('dandy', 'preppy')[n % 2]},coat,{n}" for n in range(30)]
    (tmp_path / "m.csv").write_text("\n".join(["path,style,kind,price", *lines]) + "\n")
    recipe = write_recipe(tmp_path, "m.csv", "every_column = true")
    found = read_labelled(LabelSource(str(tmp_path / "m.csv"), "", recipe), STYLES)
    assert found.truths.tolist() == [[1 - n % 2, n % 2, 1] for n in range(30)]
    assert found.unknown == ()  # `price` is none of the model's groups


def test_only_some_groups(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,style,kind\na.jpg,dandy,coat\nb.jpg,,coat\n")
    found = read_labelled(LabelSource(str(tmp_path / "m.csv"), "", groups=("style",)), STYLES)
    assert found.truths.tolist() == [[1, -1, -1]]  # nobody ever names preppy: it stays unknown
