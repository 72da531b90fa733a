"""Figures of an evaluation: tables with intervals for people, a figure per column for programs."""

from collections.abc import Sequence

import typer

from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.messages import name_notes, name_skipped, name_unknown, say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.render import display_path, emit
from fashion_cli.commands.output.rows import Rows, show_rows
from fashion_cli.errors import ExitCode
from fashion_cli.metrics.bootstrap import Interval
from fashion_cli.plurals import counted
from fashion_cli.steps.evaluate_rerank import EvalRerankReport
from fashion_cli.steps.evaluate_retrieval import EvalRetrievalReport
from fashion_cli.steps.evaluate_tags import EvalTagsReport, GroupFigures, OverallAccuracy, TagFigures

NO_VALUE = "(none)"  # a part of queries that the column says nothing of
GAIN_COLUMNS = (("recall", ""), ("gain", ""), ("gain", "_low"), ("gain", "_high"))


def show_retrieval(reports: Sequence[EvalRetrievalReport], format_name: RowFormat, *, strict: bool) -> None:
    """Print recall and mean average precision: of all queries, model beside model, then of each part."""
    named = list(zip(system_names(reports), reports, strict=True))
    if format_name == "table":
        show_rows(_recall_table(named), format_name)
        for name, report in named:
            if report.parts:
                emit("\n")
                show_rows(_parts_table(report), format_name, name if len(named) > 1 else "")
    else:
        show_rows(_recall_rows(named), format_name)
    for name, report in named:
        say(f"{name}: {_describe_search(report)}, {duration(report.seconds)}")
    if format_name == "table":
        say("in brackets 95 % intervals over items")
    name_notes([note for report in reports for note in report.notes])
    for report in reports[:-1]:
        name_skipped(report.skipped, report.overall.queries, strict=False)
    name_skipped(reports[-1].skipped, reports[-1].overall.queries, strict=strict)
    if strict and any(report.skipped for report in reports):
        raise typer.Exit(ExitCode.SKIPPED)


def show_rerank(report: EvalRerankReport, format_name: RowFormat, *, strict: bool) -> None:
    """Print recall at every alpha and beta, and what it gains over no re-ranking."""
    show_rows(_rerank_table(report) if format_name == "table" else _rerank_rows(report), format_name)
    plain = ", ".join(f"recall@{k} {_with_interval(interval)}" for k, interval in report.plain.items())
    say(f"{report.model}: {_describe_search(report)}, {duration(report.seconds)}")
    say(f"without re-ranking: {plain}")
    if format_name == "table":
        say("gains in points, hundredths of recall; in brackets paired 95 % intervals over items")
    say(f"a query shares {report.shared_tags:.1f} tags with each of its first {report.topk} hits, on average")
    name_notes(report.notes)
    name_skipped(report.skipped, report.queries, strict=strict)


def system_names(reports: Sequence[EvalRetrievalReport]) -> list[str]:
    """What to call each of several measured systems: its model, or what was asked for where models share a name."""
    models = [report.model for report in reports]
    names = models if len(set(models)) == len(models) else [display_path(report.source) for report in reports]
    return [f"{name}, re-ranked" if report.reranked else name for name, report in zip(names, reports, strict=True)]


def show_tag_figures(report: EvalTagsReport, format_name: RowFormat, *, strict: bool) -> None:
    """Print the figures of each group and of each tag."""
    if format_name == "table":
        show_rows(_group_table(report), format_name, "Groups")
        emit("\n")
        show_rows(_tag_table(report.tags), format_name, "Tags")
    else:
        show_rows(_tag_rows(report), format_name)
    say(f"{report.model}: {counted(report.photographs, 'photograph')}, {duration(report.seconds)}")
    name_unknown(report.unknown)
    name_notes(report.notes)
    name_skipped(report.skipped, report.photographs, strict=strict)


def _describe_search(report: EvalRetrievalReport | EvalRerankReport) -> str:
    left_out = (
        f", {counted(report.without_relevant_item, 'query', 'queries')} without a right one"
        if report.without_relevant_item
        else ""
    )
    overall = report.overall if isinstance(report, EvalRetrievalReport) else report
    queries, items = counted(overall.queries, "query", "queries"), counted(overall.items, "item")
    return f"{queries} of {items}, {counted(report.gallery, 'photograph')} searched{left_out}"


def _recall_table(named: Sequence[tuple[str, EvalRetrievalReport]]) -> Rows:
    """A row for each measure, a column for each system."""
    figures = [report.overall for _, report in named]
    values: list[tuple[object, ...]] = [
        (f"recall@{k}", *(_with_interval(each.recall[k]) for each in figures)) for k in figures[0].recall
    ]
    values.append(("mAP", *(_with_interval(each.mean_average_precision) for each in figures)))
    return Rows(("", *(name for name, _ in named)), values)


def _parts_table(report: EvalRetrievalReport) -> Rows:
    names = ("queries of", "queries", "items", *(f"@{k}" for k in report.overall.recall), "mAP")
    return Rows(
        names,
        [
            (
                each.name or NO_VALUE,
                each.queries,
                each.items,
                *(f"{interval.mean:.3f}" for interval in (*each.recall.values(), each.mean_average_precision)),
            )
            for each in report.parts
        ],
    )


def _recall_rows(named: Sequence[tuple[str, EvalRetrievalReport]]) -> Rows:
    cutoffs = list(named[0][1].overall.recall)
    measures = [*(f"recall@{k}" for k in cutoffs), "mean_average_precision"]
    names = [name for each in measures for name in (each, f"{each}_low", f"{each}_high")]
    values: list[tuple[object, ...]] = []
    for system, report in named:
        for part, each in (("", report.overall), *((part.name or NO_VALUE, part) for part in report.parts)):
            intervals = (*each.recall.values(), each.mean_average_precision)
            flat = [figure for interval in intervals for figure in (interval.mean, interval.low, interval.high)]
            values.append((system, part, each.queries, each.items, report.gallery, *flat, len(report.skipped)))
    return Rows(("model", "part", "queries", "items", "gallery", *names, "skipped"), values)


def _rerank_table(report: EvalRerankReport) -> Rows:
    values = [
        (f"{cell.alpha:g}", f"{cell.beta:g}", *(_with_gain(cell.recall[k], cell.gain[k]) for k in report.plain))
        for cell in report.cells
    ]
    return Rows(("alpha", "beta", *(f"recall@{k}, gain" for k in report.plain)), values)


def _rerank_rows(report: EvalRerankReport) -> Rows:
    names = [f"{name}@{k}{end}" for k in report.plain for name, end in GAIN_COLUMNS]
    values = []
    for cell in report.cells:
        flat = [(cell.recall[k], cell.gain[k].mean, cell.gain[k].low, cell.gain[k].high) for k in report.plain]
        values.append((cell.alpha, cell.beta, *(figure for each in flat for figure in each), len(report.skipped)))
    return Rows(("alpha", "beta", *names, "skipped"), values)


def _with_gain(recall: float, gain: Interval) -> str:
    """Points are hundredths."""
    return f"{recall:.3f} {100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"


def _with_interval(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _group_table(report: EvalTagsReport) -> Rows:
    """A row for each group, then one for all exclusive groups, and one without each that is to be left out."""
    groups = report.groups
    rates = ("precision", "recall", "F1", "macro precision", "macro recall", "macro F1", "F1 of the macros", "mAP")
    top = tuple(f"top-{k}" for k in groups[0].top) if groups else ()
    return Rows(
        ("group", "photographs", "no tag", "accuracy", *rates, *top),
        [
            (each.name, each.photographs, each.untagged, each.accuracy, *_group_figures(each), *each.top.values())
            for each in groups
        ]
        + [
            (_overall_name(each), each.photographs, "", each.accuracy, *("",) * (len(rates) + len(top)))
            for each in report.overall
        ],
    )


def _overall_name(overall: OverallAccuracy) -> str:
    return f"all but {overall.without}" if overall.without else "all exclusive"


def _group_figures(group: GroupFigures) -> tuple[float, ...]:
    micro, macro = group.micro, group.macro
    return (
        *(micro.precision, micro.recall, micro.f1),
        *(macro.precision, macro.recall, macro.f1, macro.harmonic_mean),
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
    nothing = (None,) * (6 + len(top))
    skipped = len(report.skipped)
    names = (
        *("group", "tag", "photographs", "labelled", "threshold", "precision", "recall", "f1"),
        *(
            "average_precision",
            "macro_precision",
            "macro_recall",
            "macro_f1",
            "f1_of_macros",
            *(f"top_{k}" for k in top),
            "accuracy",
        ),
        *("untagged", "skipped"),
    )
    values: list[tuple[object, ...]] = []
    for group in report.groups:
        precision, recall, f1, *macro, mean = _group_figures(group)
        head = (group.name, "", group.photographs, None, None, precision, recall, f1, mean)
        values.append((*head, *macro, *group.top.values(), group.accuracy, group.untagged, skipped))
    for overall in report.overall:
        unknown = (None,) * (10 + len(top))
        values.append((_overall_name(overall), "", overall.photographs, *unknown, overall.accuracy, None, skipped))
    values += [(*_tag_figures(tag), *nothing, skipped) for tag in report.tags]
    return Rows(names, values)
