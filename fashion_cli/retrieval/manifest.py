"""What an index directory says about itself: `manifest.json`, the one file that is ever replaced there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from fashion_cli.data.features.rows import PAIRED
from fashion_cli.errors import IndexDirectoryError
from fashion_cli.retrieval.calibration import Calibration

MANIFEST_FILE = "manifest.json"
FORMAT = "fashion-index"
VERSION = 1
Kind = Literal["annoy", "exact"]
OPTIONAL = ("tagger_location", "catalog", "equal_rows", "note")  # came later; an older program passes over them
UNSAID = ("seconds", "stopped")  # of a calibration: an older program knows neither, and `note` says it in words


@dataclass(frozen=True)
class Manifest:
    """One state of an index directory.

    Attributes:
        created_by: The program and version that made it.
        generation: Counts the states, from 1; part of the names of the data files.
        model: The name of the model that made the vectors.
        model_location: What `--model` takes to find it again: a name or a directory.
        weights_sha256: The identity of its weights.
        vector_width: D.
        rows: How many photographs.
        features: Name of the feature file, beside the manifest.
        kind: How neighbours are found.
        reason: Why it is not Annoy; empty where it is.
        neighbours: Name of the Annoy file, beside the manifest; empty where there is none.
        neighbours_bytes: Its size.
        recall_target: The share of the true 50 nearest that was asked for, in [0, 1].
        calibration: What Annoy reached while building, even where that was too little to use it.
        tagger_location: What `--tagger` takes to find the model of the tags again; "" where one model does both.
        catalog: Where the product catalogue of the photographs is, without a password; "" where there is none. A file
            below the root of the feature file is named relative to it: `Gallery.catalog` is where it is now.
        equal_rows: Name of the file that says which rows have the same vector, beside the manifest; empty where none.
        note: What people should know of how neighbours are found; mostly empty.
    """

    created_by: str
    generation: int
    model: str
    model_location: str
    weights_sha256: str
    vector_width: int
    rows: int
    features: str
    kind: Kind
    reason: str
    neighbours: str
    neighbours_bytes: int
    recall_target: float
    calibration: Calibration | None
    tagger_location: str = ""
    catalog: str = ""
    equal_rows: str = ""
    note: str = ""

    @property
    def recall_reached(self) -> float:
        """The share of the true 50 nearest that a search finds, in [0, 1]."""
        return self.calibration.recall_reached if self.kind == "annoy" and self.calibration else 1.0

    def options_instead_of(self, model: str) -> str:
        """How these models are named on a command line by someone who came with another one."""
        tagger = self.tagger_location or ("''" if PAIRED in model else "")
        return f"--model {self.model_location}{f' --tagger {tagger}' if tagger else ''}"

    def dumps(self) -> str:
        """The text of the file."""
        document = {"format": FORMAT, "version": VERSION, **asdict(self)}
        for name in OPTIONAL:
            if not document[name]:
                del document[name]
        for name in UNSAID if self.calibration else ():
            del document["calibration"][name]
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Read the manifest of an index directory.

        Raises:
            IndexDirectoryError: If there is none, or it is damaged or of a newer version.
        """
        path = directory / MANIFEST_FILE
        try:
            document = json.loads(path.read_bytes())
            version = _version(document)
            if version <= VERSION:
                return _from_document(document)
        except (FileNotFoundError, NotADirectoryError):
            raise IndexDirectoryError(
                f"{directory}: no index here", hint=f"fashion index FOLDER -o {directory}"
            ) from None
        except OSError as error:
            raise IndexDirectoryError(
                f"{path}: cannot be read ({error.strerror})",
                hint="change its permissions, or choose another index",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise IndexDirectoryError(
                f"{path}: damaged ({error})",
                hint="call `fashion index` again: vectors that are there are used again",
            ) from error
        raise NewerIndexError(
            f"{directory}: written by a newer fashion-cli (index version {version})",
            hint="pip install --upgrade fashion-cli",
        )


class NewerIndexError(IndexDirectoryError):
    """An index that only a newer version can read, and that this one must not touch."""


def _version(document: Mapping[str, Any]) -> int:
    version = document["version"]
    if document["format"] != FORMAT or not isinstance(version, int) or version < 1:
        raise ValueError(f"format {document['format']!r}, version {version!r}")
    return version


def _from_document(document: Mapping[str, Any]) -> Manifest:
    document = dict.fromkeys(OPTIONAL, "") | dict(document)
    values = {field.name: document[field.name] for field in fields(Manifest)}
    if values["calibration"] is not None:
        values["calibration"] = Calibration(**values["calibration"])
    manifest = Manifest(**values)
    if fault := _fault(manifest):
        raise ValueError(fault)
    return manifest


def _fault(manifest: Manifest) -> str:
    """The first value that is impossible; empty where nothing is wrong."""
    for name in (manifest.features, manifest.neighbours, manifest.equal_rows):
        if Path(name).name != name:
            return f"{name!r} is no file name"
    counts: tuple[object, ...] = (
        manifest.generation,
        manifest.vector_width,
        manifest.rows,
        manifest.neighbours_bytes,
        manifest.calibration.search_k if manifest.calibration else 0,
    )
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return "counts must be whole numbers"
    locations: tuple[object, ...] = (manifest.model_location, manifest.tagger_location, manifest.catalog)
    if not all(isinstance(location, str) for location in locations):
        return f"models and catalogue lie at {locations!r}"
    if manifest.kind not in get_args(Kind) or not manifest.features:
        return f"kind {manifest.kind!r}, features {manifest.features!r}"
    if manifest.kind == "annoy" and not (manifest.neighbours and manifest.calibration):
        return "an Annoy index without its file or calibration"
    return ""
