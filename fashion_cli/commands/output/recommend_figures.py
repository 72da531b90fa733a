"""How well a map recommends: a table with intervals for people, a figure per column for programs."""

from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.messages import name_notes, name_skipped, say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.rows import Rows, show_rows
from fashion_cli.metrics.bootstrap import Interval
from fashion_cli.plurals import counted
from fashion_cli.steps.evaluate_recommend import EvalRecommendReport


def show_agreements(report: EvalRecommendReport, format_name: RowFormat, *, strict: bool) -> None:
    """Print agreement of every system in every group, and what it gains over the map."""
    show_rows(_table(report) if format_name == "table" else _rows(report), format_name)
    say(
        f"{report.model}: {counted(report.queries, 'query', 'queries')}, {report.new:,} of them new to the map,"
        f" {counted(report.gallery, 'garment')} to recommend,"
        f" {duration(report.seconds)}"
    )
    if format_name == "table":
        say(f"agreement@{report.topk}: share of the recommended garments that agree; in brackets 95 % intervals")
    name_notes(report.notes)
    if report.skipped:
        say("photographs of the split without features are left out: --features names a file that has them")
    name_skipped(report.skipped, report.queries, strict=strict)


def _table(report: EvalRecommendReport) -> Rows:
    """A row for each system, a column for each group."""
    groups = list(dict.fromkeys(each.group for each in report.agreements))
    systems = list(dict.fromkeys(each.system for each in report.agreements))
    figures = {(each.system, each.group): each.share for each in report.agreements}
    return Rows(
        (f"agreement@{report.topk}", *groups),
        [(system, *(_with_interval(figures[system, group]) for group in groups)) for system in systems],
    )


def _rows(report: EvalRecommendReport) -> Rows:
    return Rows(
        ("system", "group", "topk", "queries", "agreement", "low", "high", "gain", "gain_low", "gain_high", "skipped"),
        [
            (
                each.system,
                each.group,
                report.topk,
                each.queries,
                *(each.share.mean, each.share.low, each.share.high),
                *(each.gain.mean, each.gain.low, each.gain.high),
                len(report.skipped),
            )
            for each in report.agreements
        ],
    )


def _with_interval(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
