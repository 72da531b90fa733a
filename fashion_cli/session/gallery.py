"""An index to search in from Python: index and model are opened once and stay open.

It is what the server searches with: photographs of threads that search at the same time go through the model together,
and a new state of the index is taken up between two searches.
"""

import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import MAX_PIXELS, Box
from fashion_cli.data.tags import Tag, present_tags, require_language
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.outputs import Predictions
from fashion_cli.plurals import counted
from fashion_cli.products.lookup import ProductLookup
from fashion_cli.retrieval.candidates import Scope
from fashion_cli.retrieval.filters import Condition
from fashion_cli.retrieval.gallery import INDEX_FOLDER, find_index
from fashion_cli.retrieval.manifest import MANIFEST_FILE
from fashion_cli.retrieval.manipulation import exchange, keeping
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.rerank import ALPHA, BETA
from fashion_cli.retrieval.search import Features, Hit, SearchOptions, combine, find_hits, percentile_sample
from fashion_cli.retrieval.worded_hits import find_by_words, require_photograph
from fashion_cli.session.arguments import Query, Where, conditions_of, exchanges_of, parts_of, words_in
from fashion_cli.session.filtering import rows_meeting
from fashion_cli.session.live_index import LiveIndex
from fashion_cli.session.model import groups_of, tags_of
from fashion_cli.session.observer import NullObserver
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.session.photographs import BoxLike, Photograph, box_of, file_bytes, path_of, sha256_of
from fashion_cli.session.query_encoder import QueryEncoderOptions, features_of


class Gallery:
    """An index and its model, open. Made by `open`; a context manager. Threads may share it; processes may not.

    Photographs are given as a path, the bytes of a file, an open file, a Pillow image or a numpy array.
    """

    def __init__(self, live: LiveIndex) -> None:
        self._live = live
        # Also at the end of a program that forgets it: HDF5 and ONNX Runtime crash if threads outlive the interpreter.
        self._closing = weakref.finalize(self, live.close)

    @classmethod
    def open(
        cls,
        index: str | os.PathLike[str] | None = None,
        *,
        root: str | os.PathLike[str] | None = None,
        model: str | os.PathLike[str] = "",
        tagger: str | os.PathLike[str] = "",
        device: str = "auto",
        engine: str = "auto",
        max_pixels: int = MAX_PIXELS,
    ) -> Self:
        """Open an index and load the model that made it.

        Args:
            index: The index directory, or the folder that has it as `.fashion`; None to find it as the shell does:
                `$FASHION_INDEX`, else `.fashion` here or in the nearest parent.
            root: The folder that holds the photographs, where it was moved; None for `$FASHION_ROOT`, else for what the
                index says.
            model: Where the model lies that made the index, if not where it was.
            tagger: Where the model of the tags lies, if vectors came from another one.
            device: "auto", "cpu", "cuda" or "cuda:n".
            engine: "auto", "onnx" or "torch".
            max_pixels: A photograph with more is refused before it is decoded.

        Raises:
            IndexDirectoryError: If there is no index, or its model is another one.
            WeightsError: If the model cannot be used.
            UsageError: If the root is no folder, or an option means nothing.
        """
        options = InferenceOptions(os.fspath(model), device, engine, tagger=os.fspath(tagger))
        encoder_options = QueryEncoderOptions(options, max_pixels=max_pixels, queue=0)
        named = os.fspath(root) if root is not None else os.environ.get("FASHION_ROOT", "")
        return cls(LiveIndex(_directory(index), encoder_options, NullObserver(), root=Path(named) if named else None))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many photographs it has."""
        with self._index() as index:
            return len(index)

    def __repr__(self) -> str:
        if not self._closing.alive:
            return f"<Gallery {str(self.directory)!r}, closed>"
        return f"<Gallery {str(self.directory)!r}, {counted(len(self), 'photograph')}, {self.model}>"

    def close(self) -> None:
        """Let go of the files and the model, when searches that are under way are done."""
        self._closing()

    @property
    def directory(self) -> Path:
        """The index directory."""
        return self._live.directory

    @property
    def model(self) -> str:
        """The name of the model that made the index."""
        with self._index() as index:
            return index.encoder.model

    @property
    def groups(self) -> dict[str, Sequence[str]]:
        """Every group of tags with the names of its tags: what `where` and `but` take."""
        with self._index() as index:
            return groups_of(index.gallery.features.header.vocabulary)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the photographs lie now, absolute, in the order of the index."""
        with self._index() as index:
            return tuple(index.gallery.features.paths())

    def search(  # noqa: PLR0913  # as many as the command has options
        self,
        query: Query | None = None,
        topk: int = 50,
        *,
        text: str | None = None,
        where: Where = (),
        but: Mapping[str, str] | None = None,
        box: BoxLike | None = None,
        rerank: bool = True,
        alpha: float = ALPHA,
        beta: float = BETA,
        exact: bool = False,
        min_percentile: float | None = None,
        largest_gap: bool = False,
        prior: bool = True,
        collapse: bool = True,
        exclude_self: bool = False,
        language: str = "",
    ) -> tuple[Hit, ...]:
        """The photographs that look like a query and share its tags, or that words describe, the best first.

        Args:
            query: A photograph; or several that add up to one query: a list, or with weights a dict by path or a list
                of (photograph, weight). A negative weight searches away from it. A text that is no file and does not
                look like a path is words.
            topk: How many.
            text: Words, whatever they look like: "red dress". They have no cosine and are not re-ranked.
            where: "group=tag" or "group=tag,tag", or several of these, or {"group": "tag" or ["tag", "tag"]}; all must
                hold.
            but: {"group": "tag"}: like the query, but with this tag.
            box: The part of each photograph to look for: x, y, width, height in pixels, origin top left.
            rerank: Order by rank and shared tags, not by rank alone.
            alpha: What one rank costs.
            beta: What one shared tag brings.
            exact: Compare with every photograph, whatever the index is.
            min_percentile: Only hits that are nearer than this percentage of the gallery.
            largest_gap: Only hits before the largest drop of the cosine.
            prior: Prefer hits that are the same kind of thing as the query.
            collapse: Of photographs that are the same picture only the best is a hit, and names the others.
            exclude_self: Leave out the query's own photographs, by path and by content.
            language: Of the tags' titles; "" for none.

        Raises:
            ImageError: If a photograph cannot be read.
            UnknownWordsError: If words name nothing that there is; it suggests near ones.
            UsageError: If an argument is of the wrong type, out of range, or names what the index does not have.
        """
        options = SearchOptions(
            topk=topk,
            rerank=rerank,
            alpha=alpha,
            beta=beta,
            exact=exact,
            min_percentile=min_percentile,
            largest_gap=largest_gap,
            collapse=collapse,
            language=language,
        )
        exchanged = exchanges_of(but)
        conditions = [*conditions_of(where), *(Condition(group, (tag,)) for group, tag in exchanged.items())]
        if words := words_in(query, text):
            photograph_options = {
                "but": exchanged,
                "box": box,
                "min_percentile": min_percentile,
                "largest_gap": largest_gap,
            }
            require_photograph(photograph_options, "where")
            return self._search_words(words, conditions, options)
        parts = parts_of(query)
        with self._index() as index:
            gallery = index.gallery
            require_language(language, gallery.features.header.vocabulary)
            encoded = self._encode(index, [each for each, _ in parts], box_of(box))
            features = combine(encoded, [weight for _, weight in parts])
            present = present_tags(features.scores[None], gallery.features.header.vocabulary)[0]
            vector, present = exchange(features, present, exchanged, gallery, index.means)
            own = [_own_rows(index, each) for each, _ in parts] if exclude_self else []
            return find_hits(
                gallery,
                vector,
                present,
                keeping(options) if exchanged else options,
                scope=Scope(rows_meeting(index, conditions), without=frozenset().union(*own)),
                sample=percentile_sample(gallery) if min_percentile is not None else None,
                prior=index.prior_of(features, exchanged) if prior else None,
            )

    def _search_words(self, words: str, conditions: Sequence[Condition], options: SearchOptions) -> tuple[Hit, ...]:
        with self._index() as index, ProductLookup(index.gallery.catalog, required=False) as products:
            require_language(options.language, index.gallery.features.header.vocabulary)
            texts = products.texts(index.gallery.features)
            sureness = index.words.sureness(words, texts)
            return find_by_words(index.gallery, sureness, options, allowed=rows_meeting(index, conditions)).hits

    def tag(
        self, photograph: Photograph, *, box: BoxLike | None = None, min_score: float | None = None, language: str = ""
    ) -> tuple[Tag, ...]:
        """What is on a photograph, in the tags of the index: group by group, the surest first.

        Args:
            photograph: Any, not only of the index.
            box: The part to look at.
            min_score: Tags from this probability on; None for each tag's own threshold.
            language: Of the tags' titles; "" for none.

        Raises:
            ImageError: If it cannot be read.
            UsageError: If it is no photograph, or the box reaches beyond it.
        """
        with self._index() as index:
            require_language(language, index.gallery.features.header.vocabulary)
            (features,) = self._encode(index, [photograph], box_of(box))
            return tags_of(features.scores, index.gallery.features.header.vocabulary, min_score, language)

    def embed(self, photograph: Photograph, *, box: BoxLike | None = None) -> npt.NDArray[np.float32]:
        """The vector of a photograph, (D,) of unit length, comparable with those of the index.

        Raises:
            ImageError: If it cannot be read.
            UsageError: If it is no photograph, or the box reaches beyond it.
        """
        with self._index() as index:
            (features,) = self._encode(index, [photograph], box_of(box))
            vector: npt.NDArray[np.float32] = unit_rows(features.vector[None])[0]
            return vector

    @contextmanager
    def _index(self) -> Iterator[OpenIndex]:
        """The newest state of the index, which stays open meanwhile."""
        if not self._closing.alive:
            raise UsageError("the gallery is closed", hint="Gallery.open(…) opens it again")
        self._live.reload(wait=False)
        with self._live.lease() as index:
            yield index

    def _encode(self, index: OpenIndex, photographs: Sequence[Photograph], box: Box | None) -> list[Features]:
        started = [self._start(index, photograph, box) for photograph in photographs]
        return [each if isinstance(each, Features) else features_of(each.result()) for each in started]

    def _start(self, index: OpenIndex, photograph: Photograph, box: Box | None) -> "Features | Future[Predictions]":
        """The row of a photograph that the index has, unless it has changed; else what the model will say."""
        path = path_of(photograph)
        row = index.stored.rows([path]).get(path) if path is not None and box is None else None
        if row is not None:
            stored = index.gallery.read(np.array([row]))
            return Features(stored.vectors[0].astype(np.float32), stored.scores[0].astype(np.float32))
        data, name = file_bytes(photograph)
        return index.encoder.predict(index.encoder.decode(data, box, name))


def _directory(index: str | os.PathLike[str] | None) -> Path:
    if index is None:
        return find_index(None, os.environ)
    directory = Path(index)
    inside = directory / INDEX_FOLDER
    return find_index(inside if (inside / MANIFEST_FILE).exists() else directory, {})


def _own_rows(index: OpenIndex, photograph: Photograph) -> frozenset[int]:
    """The rows that are a photograph: by its path, and by the bytes of its file."""
    path = path_of(photograph)
    if path is not None:
        return index.stored.rows_of_photograph(path)
    digest = sha256_of(photograph)
    return frozenset(row for row, sha256 in enumerate(index.sha256s) if sha256 == digest) if digest else frozenset()
