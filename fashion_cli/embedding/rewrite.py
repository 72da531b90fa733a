"""Write a feature file anew beside the old one: rows that it has, rows that lack some model's tags, and new ones.

Work happens in `FILE.partial` beside the file, which replaces it when all is done. So a kill loses no finished row:
the old file is untouched, and the next call takes over what the partial file holds.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

from fashion_cli.atomic_files import partial_path
from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.embedding.fill_tags import align_tag_columns, fill_missing_tags, missing_taggers
from fashion_cli.embedding.reuse import ReusedRow, plan_reuse
from fashion_cli.errors import FeatureFileError, ImageError
from fashion_cli.inference.multi_model import Models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pipeline import Progress, Skipped, predict
from fashion_cli.plurals import none_can_be_read

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
        tagged: Of those kept or moved: that got the tags of a further model.
    """

    rows: int
    embedded: int
    kept: int
    moved: int
    dropped: int
    skipped: tuple[Skipped, ...]
    engine: str
    unchanged: bool = False
    tagged: int = 0


@dataclass(frozen=True)
class TargetSpec:
    """What a feature file is to hold of each photograph.

    Attributes:
        header: Its header.
        open_models: Opens what gives a new photograph all of it; called only where there is one.
    """

    header: FeatureHeader
    open_models: Callable[[], Models]


def is_comparable(header: FeatureHeader, other: FeatureHeader) -> bool:
    """Whether rows under one header may stand under another one, but for what was added."""
    same = header.same_weights(other.model, other.weights_sha256)
    return same and header.own_vocabulary.names == other.own_vocabulary.names


def rewrite(  # noqa: PLR0913  # three files and four ways to treat them
    images: Sequence[Path],
    target: Path,
    spec: TargetSpec,
    options: InferenceOptions,
    progress: Progress,
    *,
    columns: Columns | None = None,
    previous: Path | None = None,
    keep_others: bool = False,
) -> UpdateReport:
    """Make `target` hold exactly these photographs, as the spec says. The rest is as for `update_features`."""
    targets = {os.path.abspath(path): path for path in images}
    partial, old = partial_path(target), previous or target
    with ExitStack() as stack:
        candidates = dict.fromkeys((partial, target, old))
        named = None if previous else target
        sources = [stack.enter_context(source) for source in _open_sources(candidates, spec.header, named)]
        old_rows = len(sources[-1]) if sources and sources[-1].path == old else 0
        plan = plan_reuse(targets, sources, keep_others=keep_others)
        matches_spec = bool(sources) and _matches_spec(sources[-1], spec.header)
        if plan.unchanged and matches_spec and old_rows and len(sources) == 1 and columns is None:
            return UpdateReport(old_rows, 0, old_rows, 0, 0, (), "", unchanged=True)
        names = tuple(columns) if columns is not None else tuple(sources[-1].column_names if sources else ())
        gaps = [bool(missing_taggers(source.header, spec.header)) for source in sources]
        whole = [each for each in plan.reused if not gaps[each.source]]
        incomplete = [each for each in plan.reused if gaps[each.source]]
        _start_partial(partial, spec.header, names, sources, whole, columns)
        texts = columns if columns is not None else _texts(sources, names, plan.missing)
        count = _Counter(progress, len(targets), len(plan.missing) + len(incomplete))
        with FeatureWriter.append_to(partial) as writer:
            filled = _fill(incomplete, sources, writer, spec.header, options, columns, count)
            embedded = _embed(plan.missing, writer, spec, options, texts, count)
            rows = len(writer)
            if old_rows and not rows:
                raise ImageError(
                    f"{none_can_be_read(len(targets))}; {old} is left as it is",
                    hint=f"the first: {count.skipped[0].reason}" if count.skipped else "check the paths",
                )
            writer.move_to(target)
    reused = [*whole, *filled]
    moved = sum(each.moved for each in reused)
    return UpdateReport(
        rows=rows,
        embedded=embedded,
        kept=len(reused) - moved,
        moved=moved,
        dropped=plan.dropped if old_rows else 0,
        skipped=tuple(count.skipped),
        engine=count.engine,
        tagged=len(filled),
    )


def _matches_spec(source: FeatureFile, header: FeatureHeader) -> bool:
    """Whether a file has the stamps, tags and root that are to be, and finds its photographs without help."""
    return source.stamped and source.header.added == header.added and source.recorded_root == header.root


def _open_sources(files: Iterable[Path], header: FeatureHeader, named: Path | None) -> Iterator[FeatureFile]:
    """The files that exist, whose rows may stand under this header, but for what was added.

    What an earlier run left behind is passed over where it cannot be used; a file that the user named is not.

    Raises:
        FeatureFileError: If `named` is damaged or another model's, or a file is in use.
    """
    for file in files:
        if not file.exists():
            continue
        try:
            features = _open_of_model(file, header)
        except FeatureFileError as error:
            if file == named or isinstance(error.__cause__, BlockingIOError):
                raise
            continue
        if is_comparable(features.header, header):
            yield features
        else:
            features.close()


def _open_of_model(file: Path, header: FeatureHeader) -> FeatureFile:
    features = FeatureFile.open(file, fallback=header.root)
    try:
        features.require_weights(header.model, header.weights_sha256)
    except FeatureFileError:
        features.close()
        raise
    return features


def _texts(sources: Sequence[FeatureFile], names: Sequence[str], missing: Sequence[Path]) -> Columns:
    """What the old files say about photographs that have to be read again."""
    targets = {os.path.abspath(path) for path in missing}
    texts: dict[str, dict[str, str]] = {name: {} for name in names}
    for source in sources if targets else ():
        paths = source.paths()
        for name in set(names) & set(source.column_names):
            values = zip(paths, source.column(name), strict=True)
            texts[name].update((path, text) for path, text in values if path in targets)
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
                rows = replace(rows, scores=align_tag_columns(rows.scores, sources[number].header, header))
                writer.append(_with_current_values(rows, chosen, names, columns))
        writer.move_to(partial)


def _with_current_values(
    rows: FeatureRows, chosen: Sequence[ReusedRow], names: Sequence[str], columns: Columns | None
) -> FeatureRows:
    """The rows under the paths, stamps and columns that hold now."""
    rows = replace(rows, paths=tuple(each.path for each in chosen)).with_stamps([each.stamp for each in chosen])
    return _with_columns(rows, names, columns)


def _with_columns(rows: FeatureRows, names: Sequence[str], columns: Columns | None) -> FeatureRows:
    if columns is None:
        return replace(rows, columns={name: rows.columns.get(name, ("",) * len(rows)) for name in names})
    return replace(rows, columns={name: tuple(columns[name].get(path, "") for path in rows.paths) for name in names})


class _Counter:
    """What happens to photographs, as it happens.

    Attributes:
        skipped: Those that could not be read.
        engine: What predicted last; "" where nothing did.
    """

    def __init__(self, progress: Progress, total: int, open_: int) -> None:
        self._progress, self._total, self._done = progress, total, max(0, total - open_)
        self.skipped: list[Skipped] = []
        self.engine = ""
        progress(self._done, total)

    def add(self, done: int, skipped: Sequence[Skipped], engine: str) -> None:
        self.skipped.extend(skipped)
        self.engine = engine
        self._done = min(self._done + done + len(skipped), self._total)
        self._progress(self._done, self._total)


def _fill(
    incomplete: Sequence[ReusedRow],
    sources: Sequence[FeatureFile],
    writer: FeatureWriter,
    header: FeatureHeader,
    options: InferenceOptions,
    columns: Columns | None,
    count: _Counter,
) -> list[ReusedRow]:
    """Append rows that some file has, with the tags that they lack there."""
    written: list[ReusedRow] = []
    for number, group in groupby(incomplete, key=lambda each: each.source):
        for filled in fill_missing_tags(sources[number], list(group), header, options):
            if filled.taken:
                writer.append(_with_current_values(filled.rows, filled.taken, writer.column_names, columns))
            written.extend(filled.taken)
            count.add(len(filled.taken), filled.skipped, filled.engine)
    return written


def _embed(
    missing: Sequence[Path],
    writer: FeatureWriter,
    spec: TargetSpec,
    options: InferenceOptions,
    columns: Columns,
    count: _Counter,
) -> int:
    """Read, predict and append what is missing; how many it was."""
    if not missing:
        return 0
    before = len(writer)
    with closing(predict(missing, spec.open_models(), options)) as batches:
        for batch in batches:
            if len(batch.rows):
                writer.append(_with_columns(batch.rows, writer.column_names, columns))
            count.add(len(batch.rows), batch.skipped, batch.engine)
    return len(writer) - before
