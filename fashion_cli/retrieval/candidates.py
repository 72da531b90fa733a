"""The best rows for one query: nearest by cosine, weighed by a category prior, each item and each picture once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.category_prior import QueryPrior
from fashion_cli.retrieval.duplicates import copies_of, distinct_photographs
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import Neighbours, unit_rows

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float32]

FEWEST_EXACT = 1000  # rows that are weighed at least: a scan costs the same for many, and a second one twice as much
FEWEST_ANNOY = 250
PER_HIT = 4  # of each hit that is wanted
FURTHER = 4  # times as many, where those do not settle it
MOST_EXACT = 4000  # rows that are weighed for the prior's sake: of a home photograph 99 in 100 need fewer for 50 hits
MOST_ANNOY = 1000  # through Annoy each costs more
COPIES_WITHIN = 0.01  # of the last hit's cosine copies of hits are looked for


@dataclass(frozen=True)
class Scope:
    """Which rows of a gallery may be hits.

    Attributes:
        rows: The only rows allowed; all where None.
        items: (N,) a number for each row of the gallery: of rows with one number only the best is taken.
        without: Rows that are passed over.
    """

    rows: Rows | None = None
    items: Rows | None = None
    without: Collection[int] = ()


EVERYTHING = Scope()


@dataclass(frozen=True)
class Selection:
    """How candidates are chosen.

    Attributes:
        count: How many.
        scope: Among which rows.
        exact: Compare with every photograph, whatever the index is.
        prior: Weighs the cosines; None: they count alone.
        collapse: Of photographs that are the same picture take the best.
    """

    count: int
    scope: Scope = EVERYTHING
    exact: bool = False
    prior: QueryPrior | None = None
    collapse: bool = False

    @property
    def takes_nearest(self) -> bool:
        """Whether the nearest rows are the best ones as they come."""
        return self.scope.items is None and self.prior is None and not self.collapse


@dataclass(frozen=True)
class Candidates:
    """Chosen rows, the best first.

    Attributes:
        rows: (k,).
        cosines: (k,) with the query.
        scores: (k,) what they are ordered by, falling: the cosines where there is no prior.
        agreements: (k,) how far they are the same kind of thing as the query; nan without a prior.
        copies: Row -> further rows that are the same picture.
    """

    rows: Rows
    cosines: Numbers
    scores: Numbers
    agreements: Numbers
    copies: Mapping[int, Rows] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows, cosines: Numbers) -> "Candidates":
        """Rows whose cosines count alone."""
        return cls(rows, cosines, cosines, np.full(len(rows), np.nan, np.float32))

    def take(self, chosen: npt.NDArray[np.bool_] | Rows) -> "Candidates":
        """Some of them."""
        picked = (self.rows[chosen], self.cosines[chosen], self.scores[chosen], self.agreements[chosen])
        return Candidates(*picked, self.copies)


def choose_candidates(gallery: Gallery, vector: Numbers, selection: Selection) -> Candidates:
    """The best rows, each item and each picture once where that is asked for.

    Further rows are looked at until none of those behind can be better: a prior only lowers a cosine, so a row that is
    not among the nearest is at most as good as the last of them is near.

    Args:
        gallery: Where.
        vector: (D,) of the query, of any length.
        selection: How to choose.
    """
    scope = selection.scope
    available = len(gallery) if scope.rows is None else len(scope.rows)
    through_annoy = gallery.kind == "annoy" and not selection.exact and scope.rows is None
    fewest, most = (FEWEST_ANNOY, MOST_ANNOY) if through_annoy else (FEWEST_EXACT, MOST_EXACT)
    depth = selection.count if selection.takes_nearest else max(fewest, PER_HIT * selection.count)
    depth += len(scope.without)
    while True:
        neighbours = gallery.nearest(vector[None], depth, exact=selection.exact, rows=scope.rows)
        weighed = _weigh(gallery, *_remove_rows(neighbours, scope.without), selection.prior)
        chosen = _distinct(gallery, weighed, selection)
        if depth >= available or _is_final(chosen, neighbours, selection, most):
            return chosen
        depth *= FURTHER


def _remove_rows(neighbours: Neighbours, without: Collection[int]) -> tuple[Rows, Numbers]:
    allowed = ~np.isin(neighbours.rows[0], list(without))
    return neighbours.rows[0][allowed], neighbours.cosines[0][allowed]


def _weigh(gallery: Gallery, rows: Rows, cosines: Numbers, prior: QueryPrior | None) -> Candidates:
    """Nearest rows in the order of their scores; of equal scores the nearer first."""
    if prior is None:
        return Candidates.of(rows, cosines)
    agreements = prior.agreement.agreements(prior.scores, gallery.scores(rows))
    scores = cosines + prior.agreement.bonuses(agreements)
    return Candidates(rows, cosines, scores, agreements).take(np.argsort(-scores, kind="stable"))


def _distinct(gallery: Gallery, candidates: Candidates, selection: Selection) -> Candidates:
    """The first ones that are distinct, with the copies of each."""
    if not len(candidates.rows):
        return candidates
    places = np.arange(len(candidates.rows))
    if selection.scope.items is not None:
        places = np.sort(
            np.unique(selection.scope.items[candidates.rows], return_index=True)[1]
        )  # the best of each item
    if not selection.collapse:
        return candidates.take(places[: selection.count])
    return _without_copies(gallery, candidates, places, selection.count)


def _without_copies(gallery: Gallery, candidates: Candidates, places: Rows, count: int) -> Candidates:
    """Keep one photograph of each picture. Copies are counted among all candidates, those of the same item too."""
    vectors = unit_rows(gallery.vectors(candidates.rows))
    distinct = places[distinct_photographs(vectors[places], count)]
    chosen = candidates.take(distinct)
    copies = {
        int(row): np.sort(candidates.rows[same])
        for row, same in zip(chosen.rows, copies_of(vectors, distinct), strict=True)
        if len(same)
    }
    return replace(chosen, copies=copies)


def _is_final(chosen: Candidates, neighbours: Neighbours, selection: Selection, most: int) -> bool:
    """Whether rows behind the nearest cannot change what was chosen, or are too many to look at."""
    if len(chosen.rows) < selection.count:
        return False
    if neighbours.rows.shape[1] >= most or (selection.prior is None and not selection.collapse):
        return True
    slack = COPIES_WITHIN if selection.collapse else 0.0
    return bool(chosen.scores[-1] >= neighbours.cosines[0][-1] + slack)
