"""Tag figures against plain loops over the stored scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.features import FeatureFile
from fashion_cli.errors import AnnotationError, FashionError, RecipeError, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.metrics.confusion import Confusion
from fashion_cli.steps.evaluate_tags import (
    EvalTagsConfig,
    EvalTagsReport,
    OverallAccuracy,
    evaluate_tags,
    overall_accuracies,
)
from fashion_cli.training.labelled import LabelSource
from tests.data.annotations.trees import write_table

COUNT = 24
CATEGORIES = ["shirt", "dress;bag", "", "shoes", "bag;hat"]
COLOURS = ["red", "", "green", "tartan"]
RECIPE = """
task = "multitask"
[model]
name = "m"
[[groups]]
name = "category"
[[groups]]
name = "season"
[[stages]]
epochs = 1
height = 64
width = 48
garments = 4
[[sets]]
source = "shop/m.csv"
absent = ["bag"]
[[sets.labels]]
group = "category"
column = "kind"
[sets.labels.tags]
Shirt = ["shirt"]
Frock = ["dress", "?shirt"]
[[sets.labels]]
group = "season"
column = "kind"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop-root") / "shop"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["path,category,colour,kind,split"]
    for number in range(COUNT):
        patch = Image.fromarray(rng.integers(0, 256, (4, 3, 3), np.uint8))
        patch.resize((48, 64)).save(folder / f"{number:02}.png")
        category, colour = CATEGORIES[number % len(CATEGORIES)], COLOURS[number % len(COLOURS)]
        kind = ("Shirt", "Frock", "Sock", "")[number % 4]
        lines.append(f"{number:02}.png,{category},{colour},{kind},{'val' if number < 20 else 'train'}")
    (folder / "m.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def measure(shop: Path, model: Path, **more: object) -> EvalTagsReport:
    inference = InferenceOptions(model=str(model), engine="onnx")
    asked = {name: more.pop(name) for name in ("data", "split", "recipe", "columns", "groups") if name in more}
    labels = LabelSource(**{"data": str(shop / "m.csv"), **asked})  # type: ignore[arg-type]
    return evaluate_tags(EvalTagsConfig(labels, inference, **more), lambda _done, _all: None)  # type: ignore[arg-type]


def scores_of(features: Path, shop: Path) -> dict[str, dict[int, float]]:
    """Tag -> number of the photograph -> score."""
    with FeatureFile.open(features) as stored:
        rows = {number: stored.find(str(shop / f"{number:02}.png")) for number in range(COUNT)}
        matrix = stored.scores()
        return {
            name: {number: float(matrix[row, column]) for number, row in rows.items() if row is not None}
            for column, name in enumerate(stored.header.vocabulary.names)
        }


def test_figures_of_a_tag_agree_with_counting(shop: Path, tiny_model: Path, tmp_path: Path) -> None:
    report = measure(shop, tiny_model, features=tmp_path / "f.h5")
    scores = scores_of(tmp_path / "f.h5", shop)
    for name, threshold in {"shirt": 0.5, "dress": 0.5, "shoes": 0.5, "bag": 0.5}.items():
        pairs = []
        for number in range(20):
            cell = CATEGORIES[number % len(CATEGORIES)]
            if cell:  # an empty cell says nothing
                pairs.append((scores[name][number] >= threshold, name in cell.split(";")))
        right = sum(claimed and true for claimed, true in pairs)
        claimed, true = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        (found,) = (tag for tag in report.tags if tag.name == name)
        assert (found.group, found.photographs, found.labelled) == ("category", true, len(pairs))
        assert found.rates.precision == pytest.approx(right / claimed if claimed else 0)
        assert found.rates.recall == pytest.approx(right / true)
    assert report.photographs == 19  # number 17 has neither
    assert report.unknown == ("category:hat", "colour:tartan")


def test_in_an_exclusive_group_only_the_best_tag_is_claimed(shop: Path, tiny_model: Path, tmp_path: Path) -> None:
    report = measure(shop, tiny_model, features=tmp_path / "f.h5")
    scores = scores_of(tmp_path / "f.h5", shop)
    colours = ("red", "green", "blue")
    claimed, right, true, first = 0, 0, 0, []
    for number in range(20):
        label = COLOURS[number % len(COLOURS)]
        if not label:
            continue
        best = max((scores[tag][number], tag) for tag in ("red", "green"))[1]
        first.append(best == label)  # never of tartan, which has no tag
        true += label != "tartan"
        for tag in ("red", "green"):  # nobody ever says blue: it stays unknown
            said = scores[tag][number] >= 0.3 and scores[tag][number] == max(scores[c][number] for c in colours)
            claimed += said
            right += said and tag == label
    (found,) = (group for group in report.groups if group.name == "colour")
    assert found.photographs == 15
    assert found.micro.precision == pytest.approx(right / claimed if claimed else 0)
    assert found.micro.recall == pytest.approx(right / true)
    assert found.top[1] == pytest.approx(sum(first) / len(first))
    assert (found.untagged, found.top[3]) == (5, 10 / 15)
    assert "blue" not in [tag.name for tag in report.tags]


def test_the_best_answer_counts_whatever_its_threshold(shop: Path, tiny_model: Path, tmp_path: Path) -> None:
    report = measure(shop, tiny_model, features=tmp_path / "f.h5", groups=("colour",), best=True, confusion=True)
    scores = scores_of(tmp_path / "f.h5", shop)
    colours = ("red", "green", "blue")
    counts = {true: dict.fromkeys(colours, 0) for true in colours}
    for number in range(20):
        if (label := COLOURS[number % len(COLOURS)]) in colours:
            counts[label][max(colours, key=lambda colour: scores[colour][number])] += 1
    assert report.confusion is not None
    assert report.confusion.names == colours
    assert report.confusion.counts == tuple(tuple(row.values()) for row in counts.values())
    (group,) = report.groups
    assert (report.confusion.untagged, group.untagged) == (5, 5)
    assert group.accuracy == pytest.approx(sum(counts[each][each] for each in colours) / 15)
    assert [tag.name for tag in report.tags] == ["red", "green"]
    for tag in report.tags:
        assert tag.rates.recall == pytest.approx(counts[tag.name][tag.name] / 5)
        assert tag.threshold == 0


def test_overall_accuracy_weighs_every_photograph() -> None:
    confusions = {"a": Confusion(("x", "y"), ((3, 1), (0, 4)), 2), "b": Confusion(("z",), ((5,),), 5)}
    assert overall_accuracies(confusions, ()) == (OverallAccuracy("", 20, 12 / 20),)
    assert overall_accuracies(confusions, ("b",))[1] == OverallAccuracy("b", 10, 7 / 10)
    assert overall_accuracies({}, ()) == overall_accuracies({"a": confusions["a"]}, ()) == ()


def test_group_means_are_means_over_tags(shop: Path, tiny_model: Path) -> None:
    report = measure(shop, tiny_model)
    for group in report.groups:
        tags = [tag for tag in report.tags if tag.group == group.name and tag.photographs]
        assert group.mean_average_precision == pytest.approx(np.mean([tag.average_precision for tag in tags]))
        assert group.macro.f1 == pytest.approx(np.mean([tag.rates.f1 for tag in tags]))


def test_a_column_of_another_name(shop: Path, tiny_model: Path) -> None:
    expected = measure(shop, tiny_model)
    text = (shop / "m.csv").read_text().replace("colour", "base_colour", 1).replace("category", "x", 1)
    (shop / "renamed.csv").write_text(text)
    found = measure(shop, tiny_model, data=str(shop / "renamed.csv"), columns=("colour=base_colour",))
    assert [group.name for group in found.groups] == ["colour"]
    assert found.groups[0] == next(group for group in expected.groups if group.name == "colour")


def test_a_recipe_says_what_columns_mean(shop: Path, tiny_model: Path) -> None:
    report = measure(shop, tiny_model, recipe=shop / "recipe.toml")
    figures = {tag.name: (tag.photographs, tag.labelled) for tag in report.tags}
    # Of 20, 5 are shirts and 5 frocks; a frock may or may not show a shirt; bags are known to be absent.
    assert figures == {"shirt": (5, 5), "dress": (5, 10), "bag": (0, 10)}
    assert report.photographs == 10


def test_another_split(shop: Path, tiny_model: Path) -> None:
    assert measure(shop, tiny_model, split="train").photographs == 4
    assert measure(shop, tiny_model, split="").photographs == 23


def test_unreadable_photographs_are_counted_and_named(shop: Path, tiny_model: Path, tmp_path: Path) -> None:
    lines = ["path,colour,split", f"{shop}/00.png,red,val", "gone.png,red,val", f"{shop}/01.png,green,val"]
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    report = measure(tmp_path, tiny_model)
    assert report.photographs == 2
    assert [Path(each.path).name for each in report.skipped] == ["gone.png"]
    assert {tag.name: tag.photographs for tag in report.tags} == {"red": 1, "green": 1}


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"columns": ("colour",)}, UsageError, "expected GROUP=COLUMN"),
        ({"columns": ("hue=colour",)}, UsageError, "no tag group 'hue'"),
        ({"columns": ("colour=hue",)}, AnnotationError, "no column 'hue'"),
        ({"columns": ("colour=kind",)}, AnnotationError, "no photograph with split=val has a tag"),
        ({"split": "test"}, AnnotationError, "no photograph with split=test"),
        ({"columns": ("colour=colour",), "recipe": Path("r.toml")}, UsageError, "at once"),
        ({"groups": ("hue",)}, UsageError, "no tag group 'hue'"),
        ({"groups": ("category",), "confusion": True}, UsageError, "of no exclusive groups"),
    ],
)
def test_wrong_options_say_what_to_do(
    shop: Path, tiny_model: Path, more: dict[str, object], error: type[FashionError], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        measure(shop, tiny_model, **more)
    assert raised.value.hint


def test_labels_in_another_case_are_said_to_be(shop: Path, tiny_model: Path) -> None:
    with pytest.raises(AnnotationError, match="no photograph") as caught:
        measure(shop, tiny_model, columns=("category=kind",))
    assert caught.value.hint == "labels go by their exact spelling: the tag is 'shirt', and here is 'Shirt'"


def test_a_manifest_without_tag_columns(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,split\na.png,val\n")
    with pytest.raises(UsageError, match="no column is named as a tag group"):
        measure(tmp_path, tiny_model)


def test_a_recipe_without_this_manifest(shop: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,split,kind\na.png,val,Shirt\n")
    with pytest.raises(RecipeError, match="no sets with the source"):
        measure(tmp_path, tiny_model, recipe=shop / "recipe.toml")


# Photographs that a recipe cuts to their boxes

BOXED = 12
CUT = """
task = "multitask"
[model]
name = "m"
[[groups]]
name = "category"
[[stages]]
epochs = 1
height = 64
width = 48
garments = 4
[[sets]]
source = "attributes:boxed"
crop = true
[[sets.labels]]
group = "category"
column = "category"
[sets.labels.tags]
Blouse = ["shirt"]
Gown = ["dress"]
"""


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two garments on each photograph, of which the right one is in the box; and `cut/` with just these parts.

    The last box reaches beyond its photograph.
    """
    root = tmp_path_factory.mktemp("boxed-root") / "boxed"
    rng = np.random.default_rng(5)
    names, kinds = [f"img/{number:02}.png" for number in range(BOXED)], [1 + number % 2 for number in range(BOXED)]
    (root / "Img" / "img").mkdir(parents=True)
    (root / "cut").mkdir()
    for name in names:
        photograph = Image.fromarray(rng.integers(0, 256, (4, 6, 3), np.uint8)).resize(
            (96, 64), Image.Resampling.NEAREST
        )
        photograph.save(root / "Img" / name)
        photograph.crop((48, 0, 96, 64)).save(root / "cut" / Path(name).name)
    corners = ["48 0 96 64"] * (BOXED - 1) + ["48 0 97 64"]
    anno, rows = root / "Anno", range(BOXED)
    write_table(root / "Eval" / "list_eval_partition.txt", "image_name  evaluation_status", [f"{n} val" for n in names])
    write_table(anno / "list_category_cloth.txt", "category_name  category_type", ["Blouse  1", "Gown  3"])
    write_table(anno / "list_category_img.txt", "image_name  category_label", [f"{names[n]} {kinds[n]}" for n in rows])
    write_table(anno / "list_attr_cloth.txt", "attribute_name  attribute_type", ["lace  2"])
    write_table(anno / "list_attr_img.txt", "image_name  attribute_labels", [f"{name} 0" for name in names])
    write_table(anno / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", [f"{names[n]} {corners[n]}" for n in rows])
    lines = [f"cut/{Path(names[n]).name},{('shirt', 'dress')[n % 2]},val" for n in range(BOXED - 1)]
    (root / "cut.csv").write_text("\n".join(["path,category,split", *lines]) + "\n")
    (root / "recipe.toml").write_text(CUT)
    (root / "whole.toml").write_text(CUT.replace("crop = true", ""))
    return root


def test_a_recipe_that_cuts_to_boxes_is_measured_on_what_is_in_them(boxed: Path, tiny_model: Path) -> None:
    expected = measure(boxed, tiny_model, data=str(boxed / "cut.csv"))
    asked = {"data": f"attributes:{boxed}", "recipe": boxed / "recipe.toml"}
    cut = measure(boxed, tiny_model, **asked)
    figures = [
        (
            each.photographs,
            each.tags,
            [replace(group, accuracy=0.0) for group in each.groups],
        )  # nan differs from itself
        for each in (cut, expected)
    ]
    assert figures[0] == figures[1]
    assert cut.photographs == BOXED - 1
    (skipped,) = cut.skipped
    assert Path(skipped.path).name == f"{BOXED - 1:02}.png"
    assert "reaches beyond" in skipped.reason
    whole = measure(boxed, tiny_model, data=f"attributes:{boxed}", recipe=boxed / "whole.toml")
    assert whole.photographs == BOXED
    assert whole.groups[0].mean_average_precision != cut.groups[0].mean_average_precision


def test_parts_are_not_kept_as_whole_photographs(boxed: Path, tiny_model: Path, tmp_path: Path) -> None:
    asked = {"data": f"attributes:{boxed}", "recipe": boxed / "recipe.toml", "features": tmp_path / "f.h5"}
    with pytest.raises(UsageError, match="holds whole photographs"):
        measure(boxed, tiny_model, **asked)
    assert not (tmp_path / "f.h5").exists()
