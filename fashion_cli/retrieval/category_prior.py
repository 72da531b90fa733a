"""Whether query and hit are the same kind of thing, as a prior of a search: a photograph of boots finds boots.

The probabilities of all tags of one group, each shared with the wider tags that it is a kind of, are one direction
per photograph; the agreement of two photographs is the cosine of their directions, in [0, 1], and 1 between a
photograph and itself. A hit's score is its cosine plus `weight * log(agreement)`: the log-odds of looking like the
query and those of being the same kind add up, as those of independent witnesses do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import CategoryPrior, TagGroup
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.weights import open_model

Numbers = npt.NDArray[np.float32]


class CategoryAgreement:
    """Compares kinds of things by the tag scores of photographs.

    Args:
        prior: Which group, and how much it counts.
        group: The group, with the parents of its tags.
        window: Its columns in a score matrix.
    """

    def __init__(self, prior: CategoryPrior, group: TagGroup, window: slice) -> None:
        self.prior, self.group, self.window = prior, group, window
        self._shares = np.eye(len(group.tags), dtype=np.float32)  # (t, t) what of each tag counts for which
        for row, tag in enumerate(group.tags):
            for steps, above in enumerate(group.ancestors(tag), 1):
                self._shares[row, group.tags.index(above)] = prior.inherited**steps

    def agreements(self, query: npt.NDArray[np.floating], hits: npt.NDArray[np.floating]) -> Numbers:
        """(k,) how far hits are the same kind of thing as a query, in [0, 1].

        Args:
            query: (T,) tag scores.
            hits: (k, T) tag scores.
        """
        agreements = self._directions(hits) @ self._directions(query[None])[0]
        return np.asarray(agreements.clip(0, 1), np.float32)

    def bonuses(self, agreements: Numbers) -> Numbers:
        """(k,) what is added to the cosines: 0 for the same kind, below 0 for others."""
        floor = self.prior.floor
        return np.asarray(self.prior.weight * np.log((agreements + floor) / (1 + floor)), np.float32)

    def _directions(self, scores: npt.NDArray[np.floating]) -> Numbers:
        """(k, t) of unit length; zeros where no tag has any probability."""
        shared = scores[:, self.window].astype(np.float32) @ self._shares
        lengths = np.linalg.norm(shared, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        return np.asarray(shared / lengths, np.float32)


@dataclass(frozen=True)
class QueryPrior:
    """A prior for one query.

    Attributes:
        agreement: How kinds are compared.
        scores: (T,) of the query.
    """

    agreement: CategoryAgreement
    scores: npt.NDArray[np.floating]


def gallery_prior(gallery: Gallery) -> CategoryAgreement | None:
    """The prior that the model of a gallery comes with.

    None where its card says of none, where the model is not there any more or another one, and where vectors and tags
    are those of two models: the weight was chosen for one model's cosines.
    """
    header = gallery.features.header
    if header.tagger_location or not gallery.manifest.model_location:
        return None
    try:
        card = open_model(gallery.manifest.model_location).card
    except WeightsError:
        return None
    window = header.vocabulary.columns.get(card.prior.group)
    groups = {group.name: group for group in card.vocabulary.groups}
    group = groups.get(card.prior.group)
    if not card.prior.weight or group is None or window is None or header.vocabulary.names[window] != group.tags:
        return None
    return CategoryAgreement(card.prior, group, window) if header.same_weights(card.name, card.weights_sha256) else None
