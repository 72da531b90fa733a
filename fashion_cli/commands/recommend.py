"""`fashion recommend`."""

from typing import Annotated

import typer

from fashion_cli.commands.cli.options import (
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    FormatOption,
    HtmlOption,
    MapOption,
    NullPathsOption,
    QueriesArgument,
    StoredModelOption,
    StoredTaggerOption,
    StrictOption,
    WorkersOption,
)
from fashion_cli.inference.options import InferenceOptions

DEFAULTS = InferenceOptions()


def recommend(
    *,
    queries: QueriesArgument = None,
    map: MapOption = None,  # noqa: A002  # the option's and the setting's name
    topk: Annotated[int, typer.Option(min=1, metavar="N", help="How many garments.")] = 4,
    null: NullPathsOption = False,
    format_name: FormatOption = None,
    html: HtmlOption = None,
    strict: StrictOption = False,
    model: StoredModelOption = "",
    tagger: StoredTaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Recommend garments whose attributes are like a photograph's, by an attribute map.

    The photograph is placed on the map of `fashion map`; what the map shows at that place is an attribute vector, and
    the garments nearest to it are recommended, each with the tags that it shares with the photograph.
    """
    from fashion_cli.commands.cli.inputs import read_queries
    from fashion_cli.commands.output.messages import name_missing, name_skipped
    from fashion_cli.commands.output.recommendations import as_search, show_recommendations
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.retrieval.map_directory import find_map
    from fashion_cli.steps.recommend import RecommendConfig
    from fashion_cli.steps.recommend import recommend as run

    chosen = choose_format(format_name)
    inference = InferenceOptions(model, device, engine, batch_size, workers, tagger)
    config = RecommendConfig(read_queries(queries, chosen, null=null), find_map(map), inference, topk)
    report = run(config)
    show_recommendations(report, chosen, null=null)
    if html is not None:
        from fashion_cli.commands.output.contact_sheet import write_contact_sheet

        write_contact_sheet(as_search(report), html)
    name_missing(report.missing)
    name_skipped(report.skipped, len(report.results), strict=strict)
