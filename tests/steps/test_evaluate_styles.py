"""ML-GCN from recipe to figures on drawn photographs: trained, exported, and measured against plain loops."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fashion_cli.data.annotations import read_manifest
from fashion_cli.data.features import FeatureFile
from fashion_cli.embedding.update import update_features
from fashion_cli.errors import AnnotationError, RecipeError, UsageError
from fashion_cli.inference.multi_model import open_models
from fashion_cli.inference.onnx_export import export_onnx
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.evaluate_styles import EvalStylesConfig, EvalStylesReport, evaluate_styles
from fashion_cli.steps.train import TrainConfig, train_model
from fashion_cli.training.progress import Progress
from fashion_cli.weights import open_model

# Top and bottom of a photograph; trousers never go with a dress.
COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200), "green": (30, 160, 30), "black": (10, 10, 10)}
RECIPE = """
task = "multitask"
least_photographs = 1

[model]
name = "graph"
architecture = "ml_gcn"
vector_width = 24
options = { trunk = "torchvision:mobilenet_v3_small", config = { until = "features.3.add" }, label_width = 3 }

[[stages]]
epochs = 2
height = 32
width = 32
garments = 8
photographs = 1

[optimiser]
kind = "adam"
backbone_lr = 1e-3
head_lr = 1e-3
warmup_steps = 2
ema_decay = 0.0

[loss]
vectors = 0.0

[[groups]]
name = "style"

[[sets]]
source = "drawn.csv"

[[sets.labels]]
group = "style"
column = "tags"
separator = ";"
complete = true
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two or three of four colours on each photograph."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(0)
    lines = ["path,tags,split"]
    for number in range(60):
        names = rng.permutation(list(COLOURS))[: 2 + number % 2].tolist()
        image = Image.new("RGB", (32, 32), "white")
        for place, name in enumerate(names):
            ImageDraw.Draw(image).rectangle((2, 10 * place, 28, 10 * place + 8), fill=COLOURS[name])
        image.save(folder / f"{number}.png")
        lines.append(f"{number}.png,{';'.join(sorted(names))},{('train', 'train', 'val', 'test')[number % 4]}")
    (folder / "drawn.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def ignore(progress: Progress) -> None:
    """Somebody watches."""


@pytest.fixture(scope="module")
def models(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of ML-GCN and one basic CNN."""
    out = tmp_path_factory.mktemp("runs")
    plain = ("model.name=plain", "model.architecture=basic_cnn", "model.vector_width=256", "optimiser.steps=3")
    runs = [
        TrainConfig(data / "recipe.toml", data, out / "graph-0", seed=0),
        TrainConfig(data / "recipe.toml", data, out / "graph-1", seed=1),
        TrainConfig(data / "recipe.toml", data, out / "plain-0", overrides=plain),
    ]
    for run in runs:
        train_model(run, ignore)
    return [run.out for run in runs]


def configured(data: Path, models: list[Path]) -> EvalStylesConfig:
    runs = tuple(InferenceOptions(str(model), "cpu", "torch", workers=1) for model in models)
    return EvalStylesConfig(data / "recipe.toml", runs, data)


@pytest.fixture(scope="module")
def report(data: Path, models: list[Path]) -> EvalStylesReport:
    return evaluate_styles(replace(configured(data, models), correlation=True), lambda done, total: None)


def test_the_label_graph_is_in_the_card_and_in_the_weights(models: list[Path]) -> None:
    model = open_model(models[0])
    assert model.card.options["label_width"] == 3
    assert {len(group.tags) for group in model.card.vocabulary.groups} == {4}


def test_its_onnx_file_says_the_same(data: Path, models: list[Path], tmp_path: Path) -> None:
    export = export_onnx(open_model(models[0]))  # compares both engines itself
    assert export.cosine > 0.9999
    assert export.size < 60_000  # the classifiers, not the 1024 x 24 matrix that they were made of
    models[0].joinpath("model.onnx").unlink()


def test_figures_are_those_of_plain_loops(
    data: Path, models: list[Path], report: EvalStylesReport, tmp_path: Path
) -> None:
    chosen = [each for each in read_manifest(data / "drawn.csv") if each.split == "test"]
    reached: dict[int, tuple[list[float], list[float], list[float]]] = {1: ([], [], []), 3: ([], [], [])}
    recalls: list[dict[str, float]] = []
    all_recalls: list[dict[str, float]] = []
    for model in models[:2]:
        options = InferenceOptions(str(model), "cpu", "torch", workers=1)
        file = tmp_path / f"{model.name}.h5"
        paths = [each.path for each in chosen]
        update_features(paths, file, open_models(options), options, lambda done, total: None)
        names = open_model(model).card.vocabulary.names
        with FeatureFile.open(file) as features:
            rows = [features.find(str(path)) for path in paths]
            scores = features.scores(np.array(rows))
        found: dict[str, list[bool]] = {name: [] for name in names}
        complete: dict[str, list[bool]] = {name: [] for name in names}
        for k, (anys, alls, examples) in reached.items():
            hits, wholes, shares = [], [], []
            for annotation, row in zip(chosen, scores.astype(float).tolist(), strict=True):
                true = annotation.values["tags"].split(";")
                best = sorted(names, key=lambda name: (-row[names.index(name)], names.index(name)))[:k]
                hits.append(any(name in best for name in true))
                shares.append(sum(name in best for name in true) / len(true))
                wholes.append(set(true) <= set(best))
                if k == 3:
                    two = sorted(names, key=lambda name: (-row[names.index(name)], names.index(name)))[:2]
                    for name in true:
                        found[name].append(name in best)
                        complete[name].append(set(true) <= set(two))
            anys.append(sum(hits) / len(hits))
            alls.append(sum(wholes) / len(wholes))
            examples.append(sum(shares) / len(shares))
        recalls.append({name: sum(each) / len(each) for name, each in found.items()})
        all_recalls.append({name: sum(each) / len(each) for name, each in complete.items()})
    graph, plain = report.systems
    assert (graph.name, graph.runs, plain.name, plain.runs) == ("graph", 2, "plain", 1)
    for k, (anys, alls, examples) in reached.items():
        assert graph.example_recall[k].mean == pytest.approx(sum(examples) / 2)
        assert graph.any_recall[k].mean == pytest.approx(sum(anys) / 2)
        assert graph.any_recall[k].deviation == pytest.approx(abs(anys[0] - anys[1]) / 2**0.5)
        assert graph.all_recall[k].mean == pytest.approx(sum(alls) / 2)
    for name, spread in graph.labels.items():
        assert spread.mean == pytest.approx((recalls[0][name] + recalls[1][name]) / 2)
        assert graph.labels_all[name].mean == pytest.approx((all_recalls[0][name] + all_recalls[1][name]) / 2)
    assert plain.any_recall[1].deviation != plain.any_recall[1].deviation  # one run has none
    assert report.photographs == len(chosen) == 15
    assert report.label_counts == {
        name: sum(name in each.values["tags"].split(";") for each in chosen) for name in COLOURS
    }


def test_correlation_is_that_of_the_training_photographs(data: Path, report: EvalStylesReport) -> None:
    chosen = [each.values["tags"].split(";") for each in read_manifest(data / "drawn.csv") if each.split == "train"]
    correlation = report.correlation
    assert correlation is not None
    assert correlation.photographs == len(chosen) == 30
    counts = [sum(name in tags for tags in chosen) for name in correlation.names]
    assert counts == sorted(counts, reverse=True)
    for i, shown in enumerate(correlation.names):
        with_it = [tags for tags in chosen if shown in tags]
        for j, other in enumerate(correlation.names):
            expected = sum(other in tags for tags in with_it) / len(with_it)
            assert correlation.probabilities[i, j] == pytest.approx(expected)


def test_a_table_says_the_same_as_the_recipe(data: Path, models: list[Path], report: EvalStylesReport) -> None:
    config = replace(configured(data, models[:1]), source=data / "drawn.csv", columns=("tags",))
    alone = evaluate_styles(config, lambda done, total: None)
    recipe = evaluate_styles(configured(data, models[:1]), lambda done, total: None)
    assert alone.systems[0].all_recall[2].mean == recipe.systems[0].all_recall[2].mean


def test_main_and_sub_labels_in_columns_of_their_own(data: Path, models: list[Path]) -> None:
    lines = ["path,split,main,subs"]
    for each in read_manifest(data / "drawn.csv"):
        main, *subs = each.values["tags"].split(";")
        lines.append(f"{each.path},{each.split},{main},{';'.join(subs)}")
    (data / "divided.csv").write_text("\n".join(lines) + "\n")
    config = replace(configured(data, models[:1]), source=data / "drawn.csv", columns=("tags",))
    together = evaluate_styles(config, lambda done, total: None)
    apart = evaluate_styles(
        replace(config, source=data / "divided.csv", columns=("main", "subs")), lambda done, total: None
    )
    assert repr(apart.systems) == repr(together.systems)  # nan is the deviation of one run


def test_only_the_most_frequent_labels(data: Path, models: list[Path]) -> None:
    config = replace(configured(data, models[:1]), source=data / "drawn.csv", columns=("tags",))
    frequent = evaluate_styles(replace(config, top_labels=2, cutoffs=(1, 2)), lambda done, total: None)
    annotations = list(read_manifest(data / "drawn.csv"))
    tags = [(each.split, tag) for each in annotations for tag in each.values["tags"].split(";")]
    counts = Counter(tag for split, tag in tags if split == "train")
    top = set(frequent.label_counts)
    assert len(top) == 2
    assert set(frequent.systems[0].labels) == top
    assert min(counts[tag] for tag in top) >= max(counts[tag] for tag in counts if tag not in top)
    assert frequent.systems[0].all_recall[2].mean == 1  # of two labels both are among the first two
    tested = [each.values["tags"].split(";") for each in annotations if each.split == "test"]
    assert frequent.photographs == sum(bool(top & set(shown)) for shown in tested)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"source": "drawn.csv"}, AnnotationError, "no column 'style'"),
        ({"split": "query"}, AnnotationError, "no photograph with split=query"),
        ({"group": "styles"}, UsageError, "no tag group 'styles'"),
        ({"columns": ("tags",)}, UsageError, "a recipe and a column"),
        ({"source": "lim-nang"}, RecipeError, "no set labels the group 'style'"),
    ],
)
def test_what_cannot_be_measured(
    data: Path, models: list[Path], changes: dict[str, str], error: type[Exception], said: str
) -> None:
    if changes.get("source") == "drawn.csv":
        changes = {"source": str(data / "drawn.csv")}
    with pytest.raises(error, match=said):
        evaluate_styles(replace(configured(data, models[:1]), **changes), lambda done, total: None)  # type: ignore[arg-type]


def test_models_whose_tags_differ(data: Path, models: list[Path], tiny_model: Path) -> None:
    with pytest.raises(UsageError, match="has 2 groups of tags"):
        evaluate_styles(configured(data, [tiny_model]), lambda done, total: None)
    with pytest.raises(UsageError, match="no tag group 'style'"):
        evaluate_styles(configured(data, [models[0], tiny_model]), lambda done, total: None)


def test_a_head_that_is_made_of_label_vectors_cannot_be_refitted(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="refit_tags: ml_gcn"):
        train_model(TrainConfig(data / "recipe.toml", data, tmp_path / "m", overrides=("refit_tags=true",)), ignore)


def test_words_without_a_vector_are_reported(data: Path, tmp_path: Path) -> None:
    (data / "glove.txt").write_text("red 1 0\nblue 0 1\ngreen 1 1\nblack 2 1\n")
    options = "{ trunk = 'torchvision:mobilenet_v3_small', config = { until = 'features.3.add' }, VECTORS }"
    vectors = "label_vectors = 'glove:glove.txt', label_words = { black = 'pitch black' }"
    overrides = ("model.options=" + options.replace("VECTORS", vectors), "optimiser.steps=1")
    report = train_model(TrainConfig(data / "recipe.toml", data, tmp_path / "m", overrides=overrides), ignore)
    assert report.notes == ("glove.txt has no 'pitch' of 'black'",)
    assert open_model(tmp_path / "m").card.options["label_width"] == 2
