"""Bring a feature file up to date: embed what is new or changed, keep what is there or moved, drop what is gone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fashion_cli.data.features import AddedTags, FeatureFile, FeatureHeader
from fashion_cli.data.features.rows import CREATED_BY
from fashion_cli.embedding.added_tags import add_tagger_to_header, with_added_taggers
from fashion_cli.embedding.rewrite import Columns, TargetSpec, UpdateReport, is_comparable, rewrite
from fashion_cli.errors import FeatureFileError, WeightsError
from fashion_cli.inference.multi_model import Models, header_of, open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress
from fashion_cli.weights import Model

__all__ = ["Columns", "UpdateReport", "add_tags", "update_features"]


def update_features(  # noqa: PLR0913  # three files and four ways to treat them
    images: Sequence[Path],
    target: Path,
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    *,
    columns: Columns | None = None,
    previous: Path | None = None,
    keep_others: bool = False,
    root: str = "",
) -> UpdateReport:
    """Make `target` hold exactly these photographs. What was added to the old file, all of them get.

    Args:
        images: The photographs. The same path twice counts once.
        target: The feature file; not written where `previous` already holds just this.
        model: What embeds them.
        options: How it runs.
        progress: Called with (done, total) photographs.
        columns: More text about each photograph; None keeps the columns that the old file has.
        previous: The old file, where it is not the target itself.
        keep_others: Leave the rows of photographs that are not among these as they are.
        root: The folder that stored paths are relative to, absolute; "" to store absolute paths.

    Raises:
        FeatureFileError: If the target is another model's or damaged.
        ImageError: If nothing can be read, and the old file would be replaced by an empty one.
        OutputError: If the file cannot be written. What was finished is kept.
        WeightsError: If a further model of the old file is needed and not where it was.
    """
    header = replace(header_of(model), root=root)
    header = header.with_added(_read_added_tags(previous or target, header))
    spec = TargetSpec(header, lambda: with_added_taggers(model, header))
    return rewrite(images, target, spec, options, progress, columns=columns, previous=previous, keep_others=keep_others)


def add_tags(
    images: Sequence[Path] | None,
    target: Path,
    tagger: Model,
    prefix: str,
    options: InferenceOptions,
    progress: Progress,
) -> tuple[UpdateReport, FeatureHeader]:
    """Put one more model's tags beside those that a feature file has, and bring it up to date.

    Only photographs whose row lacks these tags are looked at, and only by this model; new and changed ones by all.

    Args:
        images: What the file is to hold; None for the photographs that it holds.
        target: The feature file.
        tagger: What tags.
        prefix: Before the names of its groups; "" for the one that it has in the file, or none.
        options: How models run.
        progress: Called with (done, total) photographs.

    Returns:
        What was done, and the header that the file has now.

    Raises:
        FeatureFileError: As for `update_features`, or if a group has the name of another one.
        ImageError: As for `update_features`.
        OutputError: As for `update_features`.
        UsageError: If the prefix cannot be one, or the file's own tags are this model's.
        WeightsError: If a photograph is new or changed, and a model of the file is not where it was.
    """
    with FeatureFile.open(target) as features:
        old = features.header
        paths = [Path(path) for path in features.paths()] if images is None else images
    header = replace(add_tagger_to_header(old, tagger, prefix, target), created_by=CREATED_BY)
    spec = TargetSpec(header, lambda: with_added_taggers(_base_of(header, target), header))
    return rewrite(paths, target, spec, options, progress), header


def _base_of(header: FeatureHeader, file: Path) -> Models:
    """The model that made the vectors of a file, from where it lay.

    Raises:
        WeightsError: If it is not there, or is another one by now.
    """
    hint = f"fashion tag IMAGES… -o {file} --model DIR embeds what is new; then add tags"
    what = f"{file}: some photographs are new or changed, and the model of its vectors, {header.model}, is"
    if not header.model_location:
        raise WeightsError(f"{what} not known here", hint=hint)
    try:
        base = open_models(InferenceOptions(model=header.model_location, tagger=header.tagger_location))
    except WeightsError as error:
        raise WeightsError(f"{what} not where it was: {error}", hint=hint) from error
    if not header.same_weights(base.card.name, base.card.weights_sha256):
        raise WeightsError(f"{what} another one by now ({header.model_location})", hint=hint)
    return base


def _read_added_tags(file: Path, header: FeatureHeader) -> tuple[AddedTags, ...]:
    """What other models have added to a feature file, if it is one of the same model."""
    try:
        with FeatureFile.open(file) as features:
            return features.header.added if is_comparable(features.header, header) else ()
    except FeatureFileError:  # missing; or it is named when it is opened to take rows from it
        return ()
