"""What a feature file holds, as numpy and plain Python: the header, and rows of photographs. No h5py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from fashion_cli import __version__
from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.model_cards import ModelCard, Vocabulary

UNIT_TOLERANCE = 0.01  # float16 rounds the length of a unit vector of any width by less than 0.001
HIGHEST_SCORE = 1 + 2**-11  # rounds to 1 in float16; a softmax in float32 may exceed 1 by less
SHA256_DIGITS = 64
CREATED_BY = f"fashion-cli {__version__}"
PAIRED = " + "  # between the names of two models, one for the vectors and one for the tags


@dataclass(frozen=True)
class AddedTags:
    """Tag groups of one more model, beside those of the model that made the vectors.

    Attributes:
        model: Its name.
        weights_sha256: Its identity.
        location: What `--model` takes to find it: a name or an absolute directory; "" if unknown.
        prefix: What stands before the names of its groups, with a dot; "" for nothing.
        vocabulary: Its tags, under the names that their groups have in the file.
    """

    model: str
    weights_sha256: str
    location: str
    prefix: str
    vocabulary: Vocabulary

    @classmethod
    def of(cls, card: ModelCard, location: str, prefix: str = "") -> Self:
        """The tags of a model, under names with a prefix."""
        groups = card.vocabulary.groups
        if prefix:
            groups = tuple(replace(group, name=f"{prefix}.{group.name}") for group in groups)
        return cls(card.name, card.weights_sha256, location, prefix, Vocabulary(groups))

    def same_scores(self, other: "AddedTags") -> bool:
        """Whether both models give the same scores, whatever the groups are called."""
        return (self.weights_sha256, self.vocabulary.names) == (other.weights_sha256, other.vocabulary.names)


@dataclass(frozen=True)
class FeatureHeader:
    """What every row of a feature file has in common.

    Attributes:
        model: The name of the model that made the vectors; of two, "VECTORS + TAGS".
        weights_sha256: Its identity: vectors compare only with vectors of the same weights.
        vector_width: D of the vectors.
        vocabulary: All tags; column t of the scores belongs to `vocabulary.names[t]`.
        created_by: The program and version that made the file.
        added: Further models, whose tags are the last ones of the vocabulary.
        model_location: What `--model` takes to find the model of the vectors; "" if unknown.
        tagger_location: What `--tagger` takes where a second model gave the first tags; else "".
        root: The folder that the file's paths are relative to, absolute; "" where it stores absolute paths.
    """

    model: str
    weights_sha256: str
    vector_width: int
    vocabulary: Vocabulary
    created_by: str
    added: tuple[AddedTags, ...] = ()
    model_location: str = ""
    tagger_location: str = ""
    root: str = ""

    @property
    def own_vocabulary(self) -> Vocabulary:
        """The tags of the model itself: the first ones of the vocabulary."""
        added = sum(len(each.vocabulary.groups) for each in self.added)
        return Vocabulary(self.vocabulary.groups[: len(self.vocabulary.groups) - added])

    @property
    def added_columns(self) -> tuple[slice, ...]:
        """Where the tags of each further model lie in a score matrix."""
        slices, start = [], len(self.own_vocabulary)
        for each in self.added:
            slices.append(slice(start, start + len(each.vocabulary)))
            start = slices[-1].stop
        return tuple(slices)

    def with_added(self, added: Sequence[AddedTags]) -> "FeatureHeader":
        """The same model with these further ones instead of those that it has."""
        groups = self.own_vocabulary.groups + tuple(group for each in added for group in each.vocabulary.groups)
        return replace(self, vocabulary=Vocabulary(groups), added=tuple(added))

    @classmethod
    def of(cls, card: ModelCard, model_location: str = "", tagger_location: str = "") -> Self:
        """The header of what this version makes with a model."""
        return cls(
            model=card.name,
            weights_sha256=card.weights_sha256,
            vector_width=card.vector_width,
            vocabulary=card.vocabulary,
            created_by=CREATED_BY,
            model_location=model_location,
            tagger_location=tagger_location,
        )

    def options_instead_of(self, model: str) -> str:
        """How these models are named on a command line by someone who came with another one."""
        vectors, pair, tagger = self.model.partition(PAIRED)
        without = " --tagger ''" if PAIRED in model else ""
        return f"--model {vectors} --tagger {tagger}" if pair else f"--model {vectors}{without}"

    def fits(self, other: "FeatureHeader") -> bool:
        """Whether rows of the other header may stand under this one: same weights, tags and thresholds."""
        return (
            self.same_weights(other.model, other.weights_sha256)
            and self.vector_width == other.vector_width
            and self.vocabulary == other.vocabulary
        )

    def same_weights(self, model: str, weights_sha256: str) -> bool:
        """Whether a model has the same weights, whatever its name; where neither is known, the same name."""
        if self.weights_sha256 or weights_sha256:
            return self.weights_sha256 == weights_sha256
        return self.model == model


class Identity(NamedTuple):
    """What tells a photograph apart from others.

    Attributes:
        path: Absolute.
        sha256: Of the file's bytes, 64 hexadecimal digits.
        size: Of the file, bytes.
        stamp: Of the file when it was read.
    """

    path: str
    sha256: str
    size: int
    stamp: FileStamp


@dataclass(frozen=True)
class FeatureRows:
    """N photographs.

    Attributes:
        paths: Absolute paths; a name that is not UTF-8 has surrogates, as `os.fsdecode` gives it.
        sha256: Of each file's bytes, 64 hexadecimal digits.
        sizes: (N,) bytes of each file.
        mtimes_ns: (N,) modification times, nanoseconds since 1970.
        widths: (N,) pixels of the upright photograph.
        heights: (N,) pixels of the upright photograph.
        vectors: (N, D) rows of unit length. A writer also takes float32 and rounds it.
        scores: (N, T) probabilities in [0, 1]. A writer also takes float32 and rounds it.
        columns: More text about each photograph, for example `item_id` and `label/colour`; N values each.
        inodes: (N,) numbers of the files in their file systems, 0 where that is not known; None for all zeros.
        ctimes_ns: (N,) when anything about the files was changed, nanoseconds since 1970; likewise.
    """

    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    mtimes_ns: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int32]
    heights: npt.NDArray[np.int32]
    vectors: npt.NDArray[np.float16]
    scores: npt.NDArray[np.float16]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inodes: npt.NDArray[np.int64] | None = None
    ctimes_ns: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: Sequence[int] | npt.NDArray[np.integer]) -> "FeatureRows":
        """Some of the rows, in the given order; a row may come several times."""
        chosen = np.asarray(rows, dtype=np.int64)
        return FeatureRows(
            paths=tuple(self.paths[row] for row in chosen),
            sha256=tuple(self.sha256[row] for row in chosen),
            sizes=self.sizes[chosen],
            mtimes_ns=self.mtimes_ns[chosen],
            widths=self.widths[chosen],
            heights=self.heights[chosen],
            vectors=self.vectors[chosen],
            scores=self.scores[chosen],
            columns={name: tuple(values[row] for row in chosen) for name, values in self.columns.items()},
            inodes=None if self.inodes is None else self.inodes[chosen],
            ctimes_ns=None if self.ctimes_ns is None else self.ctimes_ns[chosen],
        )

    def with_stamps(self, stamps: Sequence[FileStamp]) -> "FeatureRows":
        """The same rows with other stamps of their files."""
        mtimes_ns, inodes, ctimes_ns = np.array(stamps, np.int64).reshape(-1, 3).T
        return replace(self, mtimes_ns=mtimes_ns, inodes=inodes, ctimes_ns=ctimes_ns)

    def fault(self, header: FeatureHeader, columns: Collection[str]) -> str:
        """What keeps these rows out of a file with that header and those columns; empty if nothing does."""
        return self._fault_of_shape(header, columns) or self._fault_of_text() or self._fault_of_numbers()

    def _fault_of_shape(self, header: FeatureHeader, columns: Collection[str]) -> str:
        if set(self.columns) != set(columns):
            return f"columns {sorted(self.columns)} where the file has {sorted(columns)}"
        lengths = {"paths": len(self.paths), "sha256": len(self.sha256)}
        lengths |= {name: len(values) for name, values in self.columns.items()}
        for name in ("sizes", "mtimes_ns", "widths", "heights", "vectors", "scores"):
            lengths[name] = len(getattr(self, name))
        for name in ("inodes", "ctimes_ns"):
            lengths[name] = len(self.paths) if getattr(self, name) is None else len(getattr(self, name))
        if len(set(lengths.values())) > 1:
            return f"unequal row counts: {lengths}"
        for name, matrix, width in (
            ("vectors", self.vectors, header.vector_width),
            ("scores", self.scores, len(header.vocabulary)),
        ):
            if matrix.shape[1:] != (width,):
                return f"{name} of width {matrix.shape[1:]} where the file has {width}"
        return ""

    def _fault_of_text(self) -> str:
        for path, digest in zip(self.paths, self.sha256, strict=True):
            if not path or not _can_be_stored(path):
                return f"{path!r} is no path"
            if len(digest) != SHA256_DIGITS or not digest.isascii():
                return f"{path}: {digest!r} is no sha256"
        for name, values in self.columns.items():
            for value in values:
                if not _can_be_stored(value):
                    return f"column {name}: {value!r} cannot be stored as UTF-8 text"
        return ""

    def _fault_of_numbers(self) -> str:
        faults = unsound_rows(self.vectors, self.scores)
        return next((f"{self.paths[row]}: its {what}" for row, what in faults.items()), "")


def unsound_rows(vectors: npt.NDArray[np.floating], scores: npt.NDArray[np.floating]) -> dict[int, str]:
    """The rows of (N, D) vectors and (N, T) scores that no feature file may hold -> what is wrong with each."""
    vectors, scores = np.asarray(vectors, dtype=np.float32), np.asarray(scores, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors, axis=1)
    off = ~(np.abs(lengths - 1) <= UNIT_TOLERANCE) if vectors.shape[1] else np.zeros(len(vectors), dtype=bool)
    outside = ~((scores >= 0) & (scores <= HIGHEST_SCORE)).all(axis=1)
    faults = dict.fromkeys(np.flatnonzero(outside).tolist(), "scores are not all in [0, 1]")
    faults |= dict.fromkeys(np.flatnonzero(off).tolist(), "vector is not finite or not of unit length")
    return dict(sorted(faults.items()))


def non_finite_row(matrix: npt.NDArray[np.float16]) -> int | None:
    """The first row of an (N, W) matrix that holds an infinity or NaN."""
    bits = matrix.view(np.uint16) & 0x7FFF  # without the sign; from 0x7C00 on it is no finite number
    if bits.size == 0 or bits.max() < 0x7C00:
        return None
    return int((bits >= 0x7C00).any(axis=1).argmax())


def encode_text(text: str) -> bytes:
    """UTF-8; the surrogates of `os.fsdecode` become the bytes of the file name again."""
    return text.encode("utf-8", "surrogateescape")


def decode_text(content: bytes) -> str:
    """The inverse of `encode_text`."""
    return content.decode("utf-8", "surrogateescape")


def _can_be_stored(text: str) -> bool:
    try:
        return b"\0" not in encode_text(text)
    except UnicodeEncodeError:
        return False
