"""Agreement of recommendations with labels, against plain loops."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.data.features import AddedTags, FeatureRows, FeatureWriter
from fashion_cli.errors import AnnotationError, FeatureFileError, UsageError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.attribute_map import AttributeMap, Garments
from fashion_cli.steps.evaluate_recommend import EvalRecommendConfig, EvalRecommendReport, evaluate_recommend
from tests.retrieval.test_map_directory import drawn_map, written

ROWS = 40
DETAILS = 2  # tags of the group that is not on the map


@pytest.fixture
def made(tmp_path: Path) -> AttributeMap:
    """All garments: a map of them in `map`, one of the first 30 in `older`, their features in `f.h5`."""
    made = replace(drawn_map(rows=ROWS, seed=2), source=str(tmp_path / "f.h5"))
    made.garments.points[:] = made.place(made.garments.attributes)
    written(tmp_path / "map", made)
    garments = made.garments
    older = Garments(
        garments.paths[:30],
        garments.sizes[:30],
        garments.mtimes_ns[:30],
        garments.attributes[:30],
        garments.points[:30],
    )
    written(tmp_path / "older", replace(made, garments=older))
    with FeatureWriter.create(tmp_path / "f.h5", made.header) as writer:
        writer.append(features_of(made))
    return made


def features_of(made: AttributeMap) -> FeatureRows:
    garments = made.garments
    details = np.zeros((ROWS, DETAILS), np.float16)
    return FeatureRows(
        paths=garments.paths,
        sha256=("0" * 64,) * ROWS,
        sizes=garments.sizes,
        mtimes_ns=garments.mtimes_ns,
        widths=np.ones(ROWS, np.int32),
        heights=np.ones(ROWS, np.int32),
        vectors=vectors(),
        scores=np.concatenate([garments.attributes[:, :3], details, garments.attributes[:, 3:]], axis=1),
    )


def vectors() -> np.ndarray:
    drawn = np.random.default_rng(8).normal(size=(ROWS, 4))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float16)


def labels(row: int) -> tuple[str, str]:
    """A colour, for some garments two, and a shape; garment 7 has none."""
    if row == 7:
        return "", ""
    return ("red;blue" if row % 5 == 0 else ("red", "green")[row % 2]), ("round", "long", "wide")[row % 3]


def manifest(path: Path, made: AttributeMap) -> Path:
    lines = ["path,split,item_id,colour,shape"]
    for row in range(1, ROWS):
        split = "val" if row % 2 else "train"
        lines.append(",".join([made.garments.paths[row], split, str(row // 2), *labels(row)]))
    lines.append("/shop/elsewhere.jpg,val,99,red,round")
    path.write_text("\n".join(lines) + "\n")
    return path


def measure(tmp_path: Path, made: AttributeMap, *columns: str, topk: int = 4, name: str = "map") -> EvalRecommendReport:
    columns = columns or ("colour", "form=shape")
    table = manifest(tmp_path / "table.csv", made)
    return evaluate_recommend(EvalRecommendConfig(table, tmp_path / name, columns, "val", topk))


@pytest.mark.parametrize(("name", "count"), [("map", ROWS), ("older", 30)])
def test_shares_are_those_of_a_plain_loop(tmp_path: Path, made: AttributeMap, name: str, count: int) -> None:
    report = measure(tmp_path, made, name=name)
    gallery = [row for row in range(1, count) if row != 7]
    asked = [row for row in range(1, ROWS) if row % 2 and row != 7]
    assert (report.queries, report.gallery, len(report.skipped)) == (len(asked), len(gallery), 1)
    assert report.new == sum(row >= count for row in asked)
    points = np.array(made.garments.points)
    points[count:] = made.locate(made.garments.attributes[count:].astype(np.float32))
    shown = made.decode(points)

    def affinity(one: np.ndarray, other: np.ndarray) -> float:
        parts = [(one[window], other[window]) for window in (slice(0, 3), slice(3, 5))]
        return sum(float(np.sqrt(a / a.sum() * (b / b.sum())).sum()) for a, b in parts)

    attributes, images = made.garments.attributes.astype(np.float64), vectors().astype(np.float64)
    orders = {
        "map": lambda query, row: -affinity(shown[query].astype(np.float64), attributes[row]),
        "map, by place": lambda query, row: float(np.linalg.norm(points[query] - points[row])),
        "attributes": lambda query, row: -affinity(attributes[query], attributes[row]),
        "image vector": lambda query, row: -images[query] @ images[row] / np.linalg.norm(images[row]),
    }
    found = {(each.system, each.group): each for each in report.agreements}
    assert len(found) == 10
    for place, group in enumerate(("colour", "form")):
        expected = dict.fromkeys((*orders, "chance"), 0.0)
        for query in asked:
            others = [row for row in gallery if row != query]
            wanted = set(labels(query)[place].split(";"))
            agrees = {row: bool(wanted & set(labels(row)[place].split(";"))) for row in others}
            for system, order in orders.items():
                chosen = sorted(others, key=lambda row: (order(query, row), row))[:4]
                expected[system] += sum(agrees[row] for row in chosen) / 4 / len(asked)
            expected["chance"] += sum(agrees.values()) / len(others) / len(asked)
        for system, share in expected.items():
            agreement = found[system, group]
            assert agreement.share.mean == pytest.approx(share), (system, group)
            assert agreement.share.low <= share <= agreement.share.high
            assert agreement.gain.mean == pytest.approx(share - expected["map"])


def rearranged(path: Path, made: AttributeMap, *added: AddedTags) -> Path:
    """The same scores, with these further models instead of the map's: 0.5 where the map has none."""
    header = made.header.with_added(added)
    rows = features_of(made)
    styles = rows.scores[:, 5:]
    columns = [styles if each.model == "styles" else np.full((ROWS, len(each.vocabulary)), 0.5) for each in added]
    scores = np.concatenate([rows.scores[:, :5], *columns], axis=1)
    with FeatureWriter.create(path, header) as writer:
        writer.append(replace(rows, scores=scores))
    return path


def test_features_with_their_columns_in_another_order(
    tmp_path: Path, made: AttributeMap, capsys: pytest.CaptureFixture[str]
) -> None:
    (styles,) = made.header.added
    cuts = AddedTags("cuts", "ef", "/models/cuts", "", Vocabulary((TagGroup("cut", ("slim", "wide", "loose"), True),)))
    expected = measure(tmp_path, made)
    config = EvalRecommendConfig(tmp_path / "table.csv", tmp_path / "map", ("colour", "form=shape"))
    swapped = rearranged(tmp_path / "swapped.h5", made, cuts, styles)
    assert evaluate_recommend(replace(config, features=swapped)).agreements == expected.agreements
    rearranged(tmp_path / "lacking.h5", made, cuts)
    line = ["eval", "recommend", str(config.manifest), "--map", str(config.map), "--column", "colour", "--features"]
    assert main([*line, str(tmp_path / "lacking.h5")]) == 1
    told = capsys.readouterr().err
    assert "the map is also of the tags of styles, which are not there" in told
    assert f"fashion tag -o {tmp_path / 'lacking.h5'} --add --model DIR" in told
    written(tmp_path / "colours", recoloured(made))
    assert main([*line[:4], str(tmp_path / "colours"), *line[5:], str(tmp_path / "lacking.h5")]) == 0


def recoloured(made: AttributeMap) -> AttributeMap:
    """A map of the colours alone, which needs no further model."""
    tensors = dict(made.tensors)
    tensors["encoder.0.weight"] = tensors["encoder.0.weight"][:, :3]
    tensors["decoder.2.weight"], tensors["decoder.2.bias"] = (
        tensors[f"decoder.2.{kind}"][:3] for kind in ("weight", "bias")
    )
    garments = replace(made.garments, attributes=made.garments.attributes[:, :3])
    return replace(made, groups=("colour",), tensors=tensors, garments=garments)


def test_other_tags_of_the_same_model_are_refused(tmp_path: Path, made: AttributeMap) -> None:
    own = replace(made.header.own_vocabulary.groups[0], tags=("red", "blue", "green"))
    other = Vocabulary((own, *made.header.vocabulary.groups[1:]))
    with FeatureWriter.create(tmp_path / "o.h5", replace(made.header, vocabulary=other)) as writer:
        writer.append(features_of(made))
    table = manifest(tmp_path / "t.csv", made)
    config = EvalRecommendConfig(table, tmp_path / "map", ("colour",), features=tmp_path / "o.h5")
    with pytest.raises(FeatureFileError, match="tiny has other tags here than on the map"):
        evaluate_recommend(config)


def test_a_split_that_is_almost_the_one_asked_for_is_named(
    tmp_path: Path, made: AttributeMap, capsys: pytest.CaptureFixture[str]
) -> None:
    table = manifest(tmp_path / "table.csv", made)
    table.write_text(table.read_text().replace(",val,99,", ",Val,99,"))
    line = ["eval", "recommend", str(table), "--map", str(tmp_path / "map"), "--column", "colour", "--format", "json"]
    assert main(line) == 0
    assert "1 photograph has split='Val', which is not 'val': left out" in capsys.readouterr().err


def test_what_cannot_be_measured(tmp_path: Path, made: AttributeMap) -> None:
    with pytest.raises(UsageError, match="no column to compare"):
        evaluate_recommend(EvalRecommendConfig(manifest(tmp_path / "t.csv", made), tmp_path / "map", ()))
    with pytest.raises(UsageError, match="expected NAME=COLUMN"):
        measure(tmp_path, made, "=shape")
    with pytest.raises(UsageError, match="less than 1"):
        measure(tmp_path, made, topk=0)
    with pytest.raises(AnnotationError, match="no column 'size'"):
        measure(tmp_path, made, "size")
    with pytest.raises(AnnotationError, match="labelled garments of the map are there"):
        measure(tmp_path, made, topk=50)
    (tmp_path / "f.h5").unlink()
    with pytest.raises(FeatureFileError, match="no such feature file"):
        measure(tmp_path, made)
