"""One table of how good a model is, on photographs of `val`, each figure with a 95 % interval.

    python -m benchmarks.model_quality MODEL [--against OTHER] [--data DATA] [--work DIR] [--format table|json]

MODEL is a model directory or a shipped model's name, a network of a library (`timm:NAME`, `torchvision:NAME/WEIGHTS`,
`open_clip:NAME/TAG`, with `=FILE` behind it where the weights were fetched by hand), or a safetensors file of
MobileNetV2's weights from TensorFlow, which is run as TensorFlow runs it.

Probes are logistic regressions that learn on `train` and choose their penalty there by cross-validation: on the vectors
and, where the vectors are made of them, on the pooled features. Searches take the vectors as they are. `pooled
retrieval` is the figure to choose models by. Intervals draw whole clusters (people, items, products, photographs)
1,000 times; they know nothing of how a model would have come out of another training run. With `--against` every figure
stands beside the other model's, with the interval of the paired difference. WORK keeps what is made, embedded and
fitted: a second run takes seconds.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.model_quality.features import Embedded, Matrix, embed
from benchmarks.model_quality.labels import LabelTask, label_tasks
from benchmarks.model_quality.networks import open_network
from benchmarks.model_quality.probes import probe
from benchmarks.model_quality.resampling import Measure
from benchmarks.model_quality.retrieval_measures import Retrieval, retrieval, retrieval_measures
from benchmarks.model_quality.speed import milliseconds
from benchmarks.model_quality.tables import Quality, as_document, as_table
from benchmarks.model_quality.tag_measures import tag_measures
from fashion_cli.errors import FashionError

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    tasks = label_tasks(options.data) if options.only != "searches" else []
    searched = retrieval(options.data, options.work) if options.only != "probes" else None
    try:
        reports = [quality(name, tasks, searched, options) for name in (options.model, options.against) if name]
    except FashionError as error:
        raise SystemExit(f"{error}: {error.hint}") from error
    print(json.dumps(as_document(reports), indent=1) if options.format == "json" else as_table(reports))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.model_quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--against", metavar="OTHER", help="compare with this one, photograph by photograph")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, default=ROOT / "caches" / "model_quality", help="keeps what was computed")
    parser.add_argument("--only", choices=("probes", "searches"), help="leave the other half out")
    parser.add_argument("--fit", choices=("letterbox", "squash", "crop"), help="instead of the model's own way")
    parser.add_argument("--workers", type=int, default=0, help="threads that embed; 0: one per processor")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args(arguments)


def quality(name: str, tasks: Sequence[LabelTask], searched: Retrieval | None, options: argparse.Namespace) -> Quality:
    """Everything that is measured of a network."""
    network = open_network(name, options.work, options.fit)
    speed = milliseconds(network)
    photographs = [path for task in tasks for path in task.paths] + [*(searched.photographs if searched else ())]
    embedded = embed(network, photographs, options.work, options.workers, show_progress)
    columns = {
        column: {figure.name: figure for task in tasks for figure in probed(task, embedded, inputs, options.work)}
        for column, inputs in embedded.columns.items()
    }
    if searched is not None:
        columns["vectors"] |= {figure.name: figure for figure in retrieval_measures(searched, embedded)}
    return Quality(network, speed, columns)


def probed(task: LabelTask, embedded: Embedded, inputs: Matrix, work: Path) -> Iterator[Measure]:
    """The figures of a probe on what a network says of the photographs of a task."""
    print(f"probe: {task.name}", file=sys.stderr)
    yield from tag_measures(task, probe(inputs[embedded.places(task.paths)], task, work / "probes"))


def show_progress(done: int, total: int) -> None:
    if done % 2048 < 32 or done == total:
        print(f"{done:,} of {total:,} embedded", file=sys.stderr)


if __name__ == "__main__":
    main()
