"""The figures of one model, or of two and their differences, as Markdown or as a document for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.model_quality.networks import Network
from benchmarks.model_quality.resampling import Measure
from fashion_cli.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Quality:
    """Everything that was measured of a network.

    Attributes:
        network: Which.
        milliseconds: A photograph takes, on one thread.
        columns: What was given to the probes and searches ("vectors", "features") -> its figures by name.
    """

    network: Network
    milliseconds: float
    columns: dict[str, dict[str, Measure]]


def as_document(qualities: Sequence[Quality]) -> list[dict[str, Any]]:
    """A list of models, the first with its differences to the second."""
    first, *others = qualities
    documents = [_document(each) for each in qualities]
    for other in others:
        documents[0]["minus"] = {
            other.network.name: {
                f"{column}, {name}": asdict(figure.minus(other.columns[column][name]))
                for column, name, figure in _shared(first, other)
            }
        }
    return documents


def as_table(qualities: Sequence[Quality]) -> str:
    """A Markdown table: a row a figure, a column for what was measured; in per cent."""
    first, *others = qualities
    heads = [f"{each.network.name}: {column}" for each in qualities for column in each.columns]
    heads += [f"difference: {column}" for other in others for column in first.columns if column in other.columns]
    lines = [_line(["figure, %", "rows (clusters)", *heads]), _line(["---"] * (2 + len(heads)))]
    for name, measured in first.columns["vectors"].items():
        cells = [_cell(column.get(name)) for each in qualities for column in each.columns.values()]
        for other in others:
            shared = {column: figure for column, each, figure in _shared(first, other) if each == name}
            differences = [column for column in first.columns if column in other.columns]
            cells += [
                _shown(shared[column].minus(other.columns[column][name]), "+") if column in shared else ""
                for column in differences
            ]
        lines.append(_line([name, f"{measured.rows:,} ({measured.clusters:,})", *cells]))
    return "\n".join([*lines, "", *map(_cost, qualities)])


def _document(quality: Quality) -> dict[str, Any]:
    spec = quality.network.frozen.card.input
    return {
        "model": quality.network.name,
        "identity": quality.network.identity,
        "input": asdict(spec),
        "vector_width": quality.network.width,
        "parameters": quality.network.parameters,
        "megabytes": quality.network.megabytes,
        "milliseconds": quality.milliseconds,
        "figures": {
            column: {
                name: {**asdict(figure.interval), "rows": figure.rows, "clusters": figure.clusters}
                for name, figure in figures.items()
            }
            for column, figures in quality.columns.items()
        },
    }


def _shared(first: Quality, other: Quality) -> Iterator[tuple[str, str, Measure]]:
    for column, figures in first.columns.items():
        for name, figure in figures.items():
            if name in other.columns.get(column, {}):
                yield column, name, figure


def _cost(quality: Quality) -> str:
    network = quality.network
    spec = network.frozen.card.input
    return (
        f"{network.name}: {quality.milliseconds:.1f} ms of processor time a photograph (ONNX Runtime, one thread, "
        f"{spec.width}×{spec.height}, {spec.fit}), {network.parameters / 1e6:.2f} million parameters, "
        f"{network.megabytes:.1f} MB, vectors of {network.width}."
    )


def _cell(figure: Measure | None) -> str:
    return "" if figure is None else _shown(figure.interval)


def _shown(interval: Interval, sign: str = "") -> str:
    low, high = (f"{100 * end:{sign}.1f}" for end in (interval.low, interval.high))
    return f"{100 * interval.mean:{sign}.1f} [{low}, {high}]"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
