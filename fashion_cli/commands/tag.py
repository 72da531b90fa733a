"""`fashion tag`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_cli.commands.cli.completion import complete_group
from fashion_cli.commands.cli.options import (
    OUTPUT,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    ImagesArgument,
    ModelOption,
    NullOption,
    QuietOption,
    RowFormat,
    RowFormatOption,
    StrictOption,
    TaggerOption,
    WorkersOption,
)
from fashion_cli.commands.cli.settings import is_typed
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions

if TYPE_CHECKING:
    from fashion_cli.steps.tag import AddTagsConfig, TagConfig

DEFAULTS = InferenceOptions()
FEATURE_SUFFIXES = (".h5", ".hdf5")
ROW_SUFFIXES: dict[str, RowFormat] = {".csv": "csv", ".jsonl": "jsonl", ".json": "json"}


def tag(
    context: typer.Context,
    *,
    images: ImagesArgument = None,
    null: NullOption = False,
    min_score: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            show_default="each tag's own threshold",
            help="Tags from this probability on.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=0, metavar="N", help="Only the best N of each group; 0 is all that hold.")
    ] = 0,
    group: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=complete_group,
            metavar="GROUP",
            show_default=False,
            help="Only this group of tags; may be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            show_default="standard output",
            help="A .csv, .jsonl or .json file of tags, or a .h5 feature file of vectors and scores.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    add: Annotated[
        bool,
        typer.Option(
            "--add",
            help="Put this model's tags beside those that the .h5 file has; without IMAGES, of its photographs.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    add_as: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            show_default="their own names",
            help="With --add: call its groups PREFIX.GROUP in the file.",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            show_default="the tags' own names",
            help="Also say what tags are called in this language, as ko, where the model knows it.",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    format_name: RowFormatOption = None,
    strict: StrictOption = False,
    quiet: QuietOption = False,
    model: ModelOption = DEFAULTS.model,
    tagger: TaggerOption = "",
    device: DeviceOption = DEFAULTS.device,
    engine: EngineOption = "auto",
    batch_size: BatchSizeOption = DEFAULTS.batch_size,
    workers: WorkersOption = DEFAULTS.workers,
) -> None:
    """Say what is on photographs: category, colour, pattern and more."""
    from fashion_cli.commands.cli.inputs import read_sources
    from fashion_cli.steps.tag import AddTagsConfig, TagConfig

    typed_format = format_name if is_typed(context, "format_name") else None
    _check(out, typed_format, narrowed=min_score is not None or bool(top or group))
    if add or add_as:
        _check_added(out, add=add)
    sources = read_sources(images, null=null, optional=add)
    inference = InferenceOptions(model, device, engine, batch_size, workers, tagger)
    if add and out is not None:
        added = AddTagsConfig(sources.paths, out, inference, add_as, sources.listed)
        _add_features(added, quiet=quiet, strict=strict)
        return
    config = TagConfig(sources.paths, inference, min_score, top, tuple(group or ()), sources.listed, language)
    if out is not None and out.suffix.lower() in FEATURE_SUFFIXES:
        _write_features(config, out, quiet=quiet, strict=strict)
    else:
        _write_rows(config, out, format_name, quiet=quiet, strict=strict)


def _check(out: Path | None, typed_format: RowFormat | None, *, narrowed: bool) -> None:
    if out is None:
        return
    suffix = out.suffix.lower()
    if suffix not in (*FEATURE_SUFFIXES, *ROW_SUFFIXES):
        raise UsageError(
            f"{out}: neither .csv, .jsonl, .json nor .h5", hint="the name says what is written: -o tags.csv"
        )
    if typed_format and ROW_SUFFIXES.get(suffix) != typed_format:
        raise UsageError(
            f"--format {typed_format} contradicts -o {out}",
            hint="with -o the file's name says the format: leave one out",
        )
    if narrowed and suffix in FEATURE_SUFFIXES:
        raise UsageError(
            "a feature file holds every score",
            hint="leave out --min-score, --top and --group, or write a .csv",
        )


def _check_added(out: Path | None, *, add: bool) -> None:
    if not add:
        raise UsageError("--add-as is for --add", hint="fashion tag IMAGES… -o FILE.h5 --add --add-as PREFIX")
    if out is None or out.suffix.lower() not in FEATURE_SUFFIXES:
        raise UsageError("--add is for feature files", hint="-o FILE.h5 names the one to add tags to")


def _add_features(config: "AddTagsConfig", *, quiet: bool, strict: bool) -> None:
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.updates import show_added
    from fashion_cli.steps.tag import add_tags_to_file

    with show_progress("tagging", quiet=quiet) as progress:
        report = add_tags_to_file(config, progress)
    show_added(report, strict=strict)


def _write_features(config: "TagConfig", out: Path, *, quiet: bool, strict: bool) -> None:
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.updates import show_embedded
    from fashion_cli.steps.embed import EmbedConfig, embed_images

    with show_progress("tagging", quiet=quiet) as progress:
        report = embed_images(
            EmbedConfig(config.images, out, config.inference, listed=config.listed, tags=True), progress
        )
    show_embedded(report, strict=strict)


def _write_rows(
    config: "TagConfig", out: Path | None, format_name: RowFormat | None, *, quiet: bool, strict: bool
) -> None:
    from fashion_cli.atomic_files import atomic_text
    from fashion_cli.commands.output.messages import name_skipped, say
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.commands.output.render import choose_format, emit, on_terminal
    from fashion_cli.commands.output.tag_results import Counted, tag_lines
    from fashion_cli.inference.pipeline import Skipped
    from fashion_cli.steps.tag import tag_images, tag_languages

    if config.language and config.language not in (languages := tag_languages(config.inference)):
        spoken = f"only in {', '.join(languages)}" if languages else "in no language"
        say(f"fashion: the model has no titles in {config.language!r}, {spoken}: tags go by their own names")
    chosen = ROW_SUFFIXES[out.suffix.lower()] if out else choose_format(format_name)
    skipped: list[Skipped] = []
    # Lines that appear one by one on a terminal show the progress themselves.
    quiet = quiet or (out is None and chosen != "table" and on_terminal())
    with show_progress("tagging", quiet=quiet) as progress:
        photographs = Counted(tag_images(config, progress, skipped.append))
        if out is None:
            for text in tag_lines(photographs, chosen, with_titles=bool(config.language)):
                emit(text)
        else:
            with atomic_text(out) as stream:
                stream.writelines(tag_lines(photographs, chosen, with_titles=bool(config.language)))
    name_skipped(skipped, photographs.count, strict=strict)
