"""`fashion eval recommend`."""

from pathlib import Path
from typing import Annotated

import typer

from fashion_cli.commands.cli.options import MapOption, RowFormatOption, StrictOption


def recommend(
    *,
    manifest: Annotated[
        Path,
        typer.Argument(metavar="CSV", show_default=False, help="A table with the columns path, split and labels."),
    ],
    map: MapOption = None,  # noqa: A002  # the option's and the setting's name
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=COLUMN",
            show_default=False,
            help="A column of the table that garments should agree in, and what to call it; may be repeated.",
        ),
    ] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Rows of this split are queries; '' is all.")] = "val",
    recommended: Annotated[int, typer.Option("--topk", min=1, metavar="N", help="How many are recommended.")] = 4,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="F.h5|DIR",
            show_default="what the map was made of",
            help="The feature file or index with the queries, which need not be on the map.",
        ),
    ] = None,
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
) -> None:
    """Whether the garments that a map recommends share the query's labels.

    Prints agreement@4, the share of the four that agree: of the map, of the attribute vectors that it squeezes, of the
    image vectors and of chance, with 95 % intervals.
    """
    from fashion_cli.commands.output.recommend_figures import show_agreements
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.retrieval.map_directory import find_map
    from fashion_cli.steps.evaluate_recommend import EvalRecommendConfig, evaluate_recommend

    config = EvalRecommendConfig(manifest, find_map(map), tuple(columns or ()), split, recommended, features)
    show_agreements(evaluate_recommend(config), choose_format(format_name), strict=strict)
