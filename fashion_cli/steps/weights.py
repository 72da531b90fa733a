"""The models that ship with the package: list them, check their files, export one for ONNX Runtime."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fashion_cli.errors import MissingExtraError, UsageError
from fashion_cli.model_cards import ONNX_FILE
from fashion_cli.weights import Model, open_model, shipped_models

EXPORTERS = ("onnx", "onnxscript")  # the extra `train` brings them


@dataclass(frozen=True)
class WeightsRow:
    """A model.

    Attributes:
        tags: How many it knows.
        megabytes: Of all files that are there.
        files: Their names.
    """

    name: str
    summary: str
    architecture: str
    vector_width: int
    tags: int
    megabytes: float
    licence: str
    files: tuple[str, ...]
    directory: Path


@dataclass(frozen=True)
class TagRow:
    """A tag that a model knows.

    Attributes:
        group: The question that it answers.
        tag: Its name.
        threshold: The probability from which on it is shown.
        titles: Language -> what people call it.
    """

    group: str
    tag: str
    threshold: float
    titles: Mapping[str, str]


@dataclass(frozen=True)
class VerifiedFile:
    """A file of a model against its card.

    Attributes:
        model: Whose file it is.
        file: Its name.
        ok: Whether it is what the card says.
        sha256_expected: Hexadecimal, from the card.
        sha256_found: Hexadecimal; "" where the file cannot be read.
    """

    model: str
    file: str
    ok: bool
    sha256_expected: str
    sha256_found: str


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes:
        path: The file, beside the model's weights.
        sha256: Hexadecimal; the card has it too.
        megabytes: Of the file.
        cosine: The lowest between its vectors and torch's on random pixels.
    """

    path: Path
    sha256: str
    megabytes: float
    cosine: float


def list_weights() -> tuple[WeightsRow, ...]:
    """The models that ship with the package.

    Raises:
        WeightsError: If a card cannot be read.
    """
    return tuple(_row(model) for model in shipped_models())


def list_tags(model: str) -> tuple[TagRow, ...]:
    """Every tag of a model, group by group.

    Raises:
        WeightsError: If there is no such model.
    """
    vocabulary = open_model(model).card.vocabulary
    return tuple(
        TagRow(
            group.name,
            tag,
            vocabulary.thresholds[vocabulary.columns[group.name].start + place],
            {language: titles[place] for language, titles in group.titles.items()},
        )
        for group in vocabulary.groups
        for place, tag in enumerate(group.tags)
    )


def verify_weights(names: Sequence[str] = ()) -> tuple[VerifiedFile, ...]:
    """Compare every file of some models with the sha256 in their cards.

    Args:
        names: Shipped models or model directories; all shipped models where there are none.

    Raises:
        WeightsError: If there is no such model.
    """
    models = [open_model(name) for name in names] or list(shipped_models())
    return tuple(_verify(model, name, digest) for model in models for name, digest in model.card.files.items())


def export_onnx(model: str | Path, *, force: bool = False) -> ExportReport:
    """Write `model.onnx` beside a model's weights, and its sha256 into the card.

    Args:
        model: A shipped model's name or a model directory.
        force: Also where the card has such a file and it is there: replace it.

    Raises:
        UsageError: If there is one, and it is not to be replaced.
        MissingExtraError: If the packages that export are not installed.
        WeightsError: If the weights are missing or damaged, or the exported graph is not the same function.
        OutputError: If the model's directory cannot be written.
    """
    opened = open_model(model)
    if any(find_spec(name) is None for name in EXPORTERS):
        raise MissingExtraError("exporting to ONNX", "train")
    if not force and ONNX_FILE in opened.card.files and (opened.directory / ONNX_FILE).is_file():
        raise UsageError(
            f"{opened.directory / ONNX_FILE}: there already, exported from these weights", hint="--force makes it anew"
        )
    from fashion_cli.inference.onnx_export import export_onnx as export

    written = export(opened)
    return ExportReport(written.path, written.sha256, written.size / 1e6, written.cosine)


def _row(model: Model) -> WeightsRow:
    card = model.card
    paths = [path for name in card.files if (path := model.directory / name).is_file()]
    return WeightsRow(
        name=card.name,
        summary=card.summary,
        architecture=card.architecture,
        vector_width=card.vector_width,
        tags=len(card.vocabulary),
        megabytes=sum(path.stat().st_size for path in paths) / 1e6,
        licence=card.licence,
        files=tuple(path.name for path in paths),
        directory=model.directory,
    )


def _verify(model: Model, name: str, expected: str) -> VerifiedFile:
    try:
        with (model.directory / name).open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        actual = ""
    return VerifiedFile(model.card.name, name, actual == expected, expected, actual)
