"""What an evaluation measured: tables with intervals for people, a figure per column for programs."""

from collections.abc import Sequence

from fashion_cli.commands._messages import name_skipped, say
from fashion_cli.commands._options import RowFormat
from fashion_cli.commands._progress import duration
from fashion_cli.commands._render import emit
from fashion_cli.commands._rows import Rows, show_rows
from fashion_cli.metrics.bootstrap import Interval
from fashion_cli.steps.evaluate_retrieval import EvalRetrievalReport, QueryFigures
from fashion_cli.steps.evaluate_tags import EvalTagsReport, GroupFigures, TagFigures

NAMED = 10  # values without a tag


def show_retrieval(report: EvalRetrievalReport, format_name: RowFormat) -> None:
    """Print recall and mean average precision of all queries, then of each part."""
    figures = (report.overall, *report.parts)
    show_rows(_recall_table(figures) if format_name == "table" else _recall_rows(figures), format_name)
    left_out = f", {report.without_right_item:,} queries without a right one" if report.without_right_item else ""
    say(
        f"{report.model}: {report.gallery:,} photographs searched{left_out}, {duration(report.seconds)}; "
        "in brackets 95 % intervals over items"
    )
    name_skipped(report.skipped, report.overall.queries, strict=False)


def show_tag_figures(report: EvalTagsReport, format_name: RowFormat) -> None:
    """Print the figures of each group and of each tag."""
    if format_name == "table":
        show_rows(_group_table(report.groups), format_name, "Groups")
        emit("\n")
        show_rows(_tag_table(report.tags), format_name, "Tags")
    else:
        show_rows(_tag_rows(report), format_name)
    say(f"{report.model}: {report.photographs:,} photographs, {duration(report.seconds)}")
    if report.unknown:
        more = f" and {len(report.unknown) - NAMED:,} more" if len(report.unknown) > NAMED else ""
        say(f"fashion: the model has no tag for {', '.join(report.unknown[:NAMED])}{more}")
    name_skipped(report.skipped, report.photographs, strict=False)


def _recall_table(figures: Sequence[QueryFigures]) -> Rows:
    names = ("queries of", "queries", "items", *(f"recall@{k}" for k in figures[0].recall), "mAP")
    values = [
        (
            each.name or "all",
            each.queries,
            each.items,
            *map(_with_interval, each.recall.values()),
            _with_interval(each.mean_average_precision),
        )
        for each in figures
    ]
    return Rows(names, values)


def _recall_rows(figures: Sequence[QueryFigures]) -> Rows:
    measures = [*(f"recall@{k}" for k in figures[0].recall), "mean_average_precision"]
    names = [name for each in measures for name in (each, f"{each}_low", f"{each}_high")]
    values = []
    for each in figures:
        intervals = (*each.recall.values(), each.mean_average_precision)
        flat = [figure for interval in intervals for figure in (interval.mean, interval.low, interval.high)]
        values.append((each.name, each.queries, each.items, *flat))
    return Rows(("part", "queries", "items", *names), values)


def _with_interval(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _group_table(groups: Sequence[GroupFigures]) -> Rows:
    rates = ("precision", "recall", "F1", "macro precision", "macro recall", "macro F1", "mAP")
    top = tuple(f"top-{k}" for k in groups[0].top) if groups else ()
    return Rows(
        ("group", "photographs", *rates, *top),
        [(each.name, each.photographs, *_group_figures(each), *each.top.values()) for each in groups],
    )


def _group_figures(group: GroupFigures) -> tuple[float, ...]:
    micro, macro = group.micro, group.macro
    return (
        *(micro.precision, micro.recall, micro.f1),
        *(macro.precision, macro.recall, macro.f1),
        group.mean_average_precision,
    )


def _tag_table(tags: Sequence[TagFigures]) -> Rows:
    names = ("group", "tag", "photographs", "labelled", "threshold", "precision", "recall", "F1", "AP")
    return Rows(names, [_tag_figures(each) for each in tags])


def _tag_figures(tag: TagFigures) -> tuple[object, ...]:
    rates = tag.rates
    return (
        *(tag.group, tag.name, tag.photographs, tag.labelled, tag.threshold),
        *(rates.precision, rates.recall, rates.f1, tag.average_precision),
    )


def _tag_rows(report: EvalTagsReport) -> Rows:
    """Groups, whose tag is empty, then tags, in the same columns."""
    top = list(report.groups[0].top) if report.groups else []
    nothing = (None,) * (3 + len(top))
    names = (
        *("group", "tag", "photographs", "labelled", "threshold", "precision", "recall", "f1"),
        *("average_precision", "macro_precision", "macro_recall", "macro_f1", *(f"top_{k}" for k in top)),
    )
    values: list[tuple[object, ...]] = []
    for group in report.groups:
        precision, recall, f1, *macro, mean = _group_figures(group)
        head = (group.name, "", group.photographs, None, None, precision, recall, f1, mean)
        values.append((*head, *macro, *group.top.values()))
    values += [(*_tag_figures(tag), *nothing) for tag in report.tags]
    return Rows(names, values)
