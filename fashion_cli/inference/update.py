"""Bring a feature file up to date: embed what is new or changed, keep what is there or moved, drop what is gone.

Work happens in `FILE.partial` beside the file, which replaces it when all is done. So a kill loses no finished row:
the old file is untouched, and the next call takes over what the partial file holds.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import FeatureFileError, ImageError
from fashion_cli.inference.engine import open_engine, open_reader
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import Models
from fashion_cli.inference.pipeline import Progress, Skipped, predict_images
from fashion_cli.inference.reuse import ReusedRow, plan_reuse

COPIED_ROWS = 8192  # at a time, so that memory stays flat

Columns = Mapping[str, Mapping[str, str]]  # column name -> absolute path -> text


@dataclass(frozen=True)
class UpdateReport:
    """What was done for the photographs.

    Attributes:
        rows: In the file now.
        embedded: New or changed: read and predicted.
        kept: Unchanged.
        moved: Known by their content, under another path.
        dropped: Rows of the old file whose photograph is gone or has changed.
        skipped: Could not be read.
        engine: What predicted; "" where nothing had to be.
        unchanged: The old file holds just this already, and nothing was written.
    """

    rows: int
    embedded: int
    kept: int
    moved: int
    dropped: int
    skipped: tuple[Skipped, ...]
    engine: str
    unchanged: bool = False


def partial_file(target: Path) -> Path:
    """Where the work on a feature file happens."""
    return target.with_name(target.name + ".partial")


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
) -> UpdateReport:
    """Make `target` hold exactly these photographs.

    Args:
        images: The photographs. The same path twice counts once.
        target: The feature file; not written where `previous` already holds just this.
        model: What embeds them.
        options: How it runs.
        progress: Called with (done, total) photographs.
        columns: More text about each photograph; None keeps the columns that the old file has.
        previous: The old file, where it is not the target itself.
        keep_others: Leave the rows of photographs that are not among these as they are.

    Raises:
        FeatureFileError: If the target is another model's or damaged.
        ImageError: If nothing can be read, and the old file would be replaced by an empty one.
        OutputError: If the file cannot be written. What was finished is kept.
    """
    wanted = {os.path.abspath(path): path for path in images}
    partial, old = partial_file(target), previous or target
    with ExitStack() as stack:
        candidates = dict.fromkeys((partial, target, old))
        named = None if previous else target
        sources = [stack.enter_context(source) for source in _open_sources(candidates, model, named)]
        old_rows = len(sources[-1]) if sources and sources[-1].path == old else 0
        plan = plan_reuse(wanted, sources, keep_others=keep_others)
        if plan.unchanged and old_rows and len(sources) == 1 and columns is None:
            return UpdateReport(old_rows, 0, old_rows, 0, 0, (), "", unchanged=True)
        names = tuple(columns) if columns is not None else tuple(sources[-1].column_names if sources else ())
        _start_partial(partial, FeatureHeader.of(model.card), names, sources, plan.reused, columns)
        texts = columns if columns is not None else _texts(sources, names, plan.missing)
    with FeatureWriter.append_to(partial) as writer:
        skipped, engine = _embed(plan.missing, writer, model, options, progress, texts, len(wanted))
        rows = len(writer)
        if old_rows and not rows:
            raise ImageError(
                f"none of the {len(wanted)} photographs can be read; {old} is left as it is",
                hint=f"the first: {skipped[0].reason}" if skipped else "check the paths",
            )
        writer.move_to(target)
    moved = sum(each.moved for each in plan.reused)
    return UpdateReport(
        rows=rows,
        embedded=rows - len(plan.reused),
        kept=len(plan.reused) - moved,
        moved=moved,
        dropped=plan.dropped if old_rows else 0,
        skipped=skipped,
        engine=engine,
    )


def _open_sources(files: Iterable[Path], model: Models, named: Path | None) -> Iterator[FeatureFile]:
    """The files that exist, whose rows are this model's with this vocabulary.

    What an earlier run left behind is passed over where it cannot be used; a file that the user named is not.

    Raises:
        FeatureFileError: If `named` is damaged or another model's, or a file is in use.
    """
    for file in files:
        if not file.exists():
            continue
        try:
            features = _open_of_model(file, model)
        except FeatureFileError as error:
            if file == named or isinstance(error.__cause__, BlockingIOError):
                raise
            continue
        if features.header.vocabulary.names == model.card.vocabulary.names:
            yield features
        else:
            features.close()


def _open_of_model(file: Path, model: Models) -> FeatureFile:
    features = FeatureFile.open(file)
    try:
        features.require_model(model.card)
    except FeatureFileError:
        features.close()
        raise
    return features


def _texts(sources: Sequence[FeatureFile], names: Sequence[str], missing: Sequence[Path]) -> Columns:
    """What the old files say about photographs that have to be read again."""
    wanted = {os.path.abspath(path) for path in missing}
    texts: dict[str, dict[str, str]] = {name: {} for name in names}
    for source in sources if wanted else ():
        paths = source.paths()
        for name in set(names) & set(source.column_names):
            values = zip(paths, source.column(name), strict=True)
            texts[name].update((path, text) for path, text in values if path in wanted)
    return texts


def _start_partial(
    partial: Path,
    header: FeatureHeader,
    names: Sequence[str],
    sources: Sequence[FeatureFile],
    reused: Sequence[ReusedRow],
    columns: Columns | None,
) -> None:
    """Write the rows that are taken over; replaces an older partial file when all are in."""
    draft = partial.with_name(partial.name + "-new")
    with FeatureWriter.create(draft, header, names) as writer:
        for number, group in groupby(reused, key=lambda each: each.source):
            while chosen := list(islice(group, COPIED_ROWS)):
                rows = sources[number].read([each.row for each in chosen])
                writer.append(_as_now(rows, chosen, names, columns))
        writer.move_to(partial)


def _as_now(
    rows: FeatureRows, chosen: Sequence[ReusedRow], names: Sequence[str], columns: Columns | None
) -> FeatureRows:
    """The rows under the paths, times and columns that hold now."""
    rows = replace(
        rows,
        paths=tuple(each.path for each in chosen),
        mtimes_ns=np.array([each.mtime_ns for each in chosen], np.int64),
    )
    return _with_columns(rows, names, columns)


def _with_columns(rows: FeatureRows, names: Sequence[str], columns: Columns | None) -> FeatureRows:
    if columns is None:
        return replace(rows, columns={name: rows.columns.get(name, ("",) * len(rows)) for name in names})
    return replace(rows, columns={name: tuple(columns[name].get(path, "") for path in rows.paths) for name in names})


def _embed(
    missing: Sequence[Path],
    writer: FeatureWriter,
    model: Models,
    options: InferenceOptions,
    progress: Progress,
    columns: Columns,
    total: int,
) -> tuple[tuple[Skipped, ...], str]:
    """Read, predict and append what is missing."""
    skipped: list[Skipped] = []
    progress(total - len(missing), total)
    if not missing:
        return (), ""
    engine = open_engine(model, options, len(missing))
    reader = open_reader(model, fast=engine.fast_images)
    done = total - len(missing)
    with closing(predict_images(missing, reader, engine, options.batch_size)) as batches:
        for batch in batches:
            if len(batch.rows):
                writer.append(_with_columns(batch.rows, writer.column_names, columns))
            skipped.extend(batch.skipped)
            done += len(batch.rows) + len(batch.skipped)
            progress(done, total)
    return tuple(skipped), engine.name
