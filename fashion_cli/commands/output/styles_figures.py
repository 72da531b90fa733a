"""What `fashion eval styles` measured: tables for people, a figure per row for programs, a picture of the labels."""

import math
from collections.abc import Iterator
from pathlib import Path

from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.eval_plots import save_plot, sheet
from fashion_cli.commands.output.messages import name_notes, name_skipped, name_unknown, say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.render import emit
from fashion_cli.commands.output.rows import Rows, show_rows
from fashion_cli.metrics.spread import Spread
from fashion_cli.plurals import counted
from fashion_cli.steps.evaluate_styles import Correlation, EvalStylesReport, SystemFigures

INCHES = 0.2  # of a row and of a column of the matrix, as much as a name needs
LEAST_INCHES = 4.0


def show_styles(report: EvalStylesReport, format_name: RowFormat, *, strict: bool) -> None:
    """Print tables 3 to 5 of the paper, system beside system: any-recall, all-recall, the all-recall of each label.

    Beside them stand example-recall and the recall of each label.
    """
    if format_name == "table":
        show_rows(_recall_table(report), format_name)
        emit("\n")
        show_rows(_label_table(report, all_labels=False), format_name, f"Recall@{report.label_cutoff} of each label")
        emit("\n")
        show_rows(
            _label_table(report, all_labels=True), format_name, f"All-recall@{report.label_all_cutoff} of each label"
        )
    else:
        show_rows(_rows(report), format_name)
    say(
        f"{counted(report.photographs, 'photograph')} with {report.labels_each:.1f} labels on average, "
        f"{duration(report.seconds)}"
    )
    if format_name == "table" and any(system.runs > 1 for system in report.systems):
        say("after ± the standard deviation over the runs of a system")
    name_unknown(report.unknown)
    name_notes(report.notes)
    name_skipped(report.skipped, report.photographs, strict=strict)


def draw_correlation(correlation: Correlation, path: Path) -> None:
    """P(column | row) as a square of colours with the labels' names.

    Raises:
        OutputError: If the file cannot be written.
    """
    count = len(correlation.names)
    side = max(LEAST_INCHES, INCHES * count + 1.5)
    figure, axes = sheet(side + 1.0, side)
    image = axes.imshow(correlation.probabilities, cmap="viridis", vmin=0, vmax=1)
    axes.set_xticks(range(count), correlation.names, rotation=90, fontsize=8)
    axes.set_yticks(range(count), correlation.names, fontsize=8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel("also shows this label")
    axes.set_ylabel("of the photographs that show this label")
    counted = "training photographs" if correlation.training else "photographs of all splits"
    axes.set_title(f"{correlation.photographs:,} {counted}", loc="left", fontsize=10)
    figure.colorbar(image, ax=axes, label="conditional probability", fraction=0.04, pad=0.02)
    save_plot(figure, path)


def _recall_table(report: EvalStylesReport) -> Rows:
    """A row for each measure, a column for each system."""
    systems = report.systems
    values: list[tuple[object, ...]] = [("runs", *(str(system.runs) for system in systems))]
    values += [
        (f"any-recall@{k}", *(_format_spread(each.any_recall[k]) for each in systems)) for k in systems[0].any_recall
    ]
    values += [
        (f"all-recall@{k}", *(_format_spread(each.all_recall[k]) for each in systems)) for k in systems[0].all_recall
    ]
    values += [
        (f"example-recall@{k}", *(_format_spread(each.example_recall[k]) for each in systems))
        for k in systems[0].example_recall
    ]
    values.append(("mAP", *(_format_spread(system.mean_average_precision) for system in systems)))
    return Rows(("", *(system.name for system in systems)), values)


def _label_table(report: EvalStylesReport, *, all_labels: bool) -> Rows:
    """A row for each label, the most frequent first, a column for each system."""
    return Rows(
        ("label", "photographs", *(system.name for system in report.systems)),
        [
            (
                label,
                count,
                *(_format_spread((each.labels_all if all_labels else each.labels)[label]) for each in report.systems),
            )
            for label, count in report.label_counts.items()
        ],
    )


def _rows(report: EvalStylesReport) -> Rows:
    """Figures; then the labels that no model knows, without any."""
    names = ("model", "runs", "measure", "k", "label", "photographs", "mean", "deviation", "skipped")
    skipped = len(report.skipped)
    values: list[tuple[object, ...]] = []
    for system in report.systems:
        for measure, k, label, count, spread in _figures(system, report):
            values.append((system.name, system.runs, measure, k, label, count, spread.mean, spread.deviation, skipped))
    values += [("", None, "unknown", None, label, None, None, None, skipped) for label in report.unknown]
    return Rows(names, values)


def _figures(system: SystemFigures, report: EvalStylesReport) -> Iterator[tuple[str, int | None, str, int, Spread]]:
    """Measure, k, label ("" for all of them), photographs, figure."""
    for k, spread in system.any_recall.items():
        yield "any_recall", k, "", report.photographs, spread
    for k, spread in system.all_recall.items():
        yield "all_recall", k, "", report.photographs, spread
    for k, spread in system.example_recall.items():
        yield "example_recall", k, "", report.photographs, spread
    yield "mean_average_precision", None, "", report.photographs, system.mean_average_precision
    for label, count in report.label_counts.items():
        yield "recall", report.label_cutoff, label, count, system.labels[label]
        yield "all_recall", report.label_all_cutoff, label, count, system.labels_all[label]


def _format_spread(spread: Spread) -> str:
    """A mean with its deviation; what could not be measured is a dash, one run has no deviation."""
    if math.isnan(spread.mean):
        return "–"
    deviation = "" if math.isnan(spread.deviation) else f" ± {spread.deviation:.3f}"
    return f"{spread.mean:.3f}{deviation}"
