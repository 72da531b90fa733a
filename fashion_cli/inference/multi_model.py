"""Several models that look at the same photograph as one: vectors of one, tags of others.

Lim & Nang's system is a pair of them, a retrieval model and an attribute model; `--add` puts further taggers beside.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from fashion_cli.data.features import FeatureHeader
from fashion_cli.data.features.rows import PAIRED
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import SAFETENSORS_FILE, CategoryPrior, ModelCard
from fashion_cli.weights import Model, open_model


@dataclass(frozen=True)
class MultiModel:
    """Several models as one.

    Attributes:
        embedder: Its vectors count; None where only tags are wanted.
        taggers: Their tags count, in the order of the columns; the embedder may be among them.
    """

    embedder: Model | None
    taggers: tuple[Model, ...]

    @property
    def models(self) -> tuple[Model, ...]:
        """All of them, each once."""
        models = [self.embedder] if self.embedder is not None else []
        for tagger in self.taggers:
            if tagger not in models:
                models.append(tagger)
        return tuple(models)

    @property
    def tagger(self) -> Model:
        """The one whose tags are those of a pair."""
        return self.taggers[0]

    @cached_property
    def card(self) -> ModelCard:
        """What a pair is as one model: the embedder's vectors, the tagger's vocabulary, both identities in one.

        So feature files and indexes of a pair compare with those of the same pair. Of how pixels are prepared the card
        says nothing: each model has its own way.

        Raises:
            ValueError: If there is no embedder: nothing is stored under the name of taggers alone.
        """
        if self.embedder is None:
            raise ValueError("taggers alone have no card")
        first, second = self.embedder.card, self.tagger.card
        both = f"{first.weights_sha256}\n{second.weights_sha256}"
        return replace(
            first,
            name=f"{first.name}{PAIRED}{second.name}",
            vocabulary=second.vocabulary,
            files={SAFETENSORS_FILE: hashlib.sha256(both.encode()).hexdigest()},
            figures={},
            prior=CategoryPrior(),  # it was weighed against the cosines of other vectors
        )


Models = Model | MultiModel
AnyModel = TypeVar("AnyModel", Model, Models)


def open_models(options: InferenceOptions) -> Models:
    """The model that the options name, or the pair where they name a tagger with other weights.

    Raises:
        WeightsError: If there is no such model.
        UsageError: If the tagger has no tags.
    """
    model = open_model(options.model)
    if not options.tagger:
        return model
    tagger = require_tags(open_model(options.tagger))
    return model if tagger.card.weights_sha256 == model.card.weights_sha256 else MultiModel(model, (tagger,))


def open_tagger(options: InferenceOptions) -> Model:
    """The one model that the options mean where only tags are wanted.

    Raises:
        WeightsError: If there is no such model.
        UsageError: If it has no tags.
    """
    return require_tags(open_model(options.tagger or options.model))


def with_taggers(base: Models, taggers: Sequence[Model]) -> Models:
    """A model, or a pair, and further taggers behind its own tags."""
    if not taggers:
        return base
    if isinstance(base, MultiModel):
        return MultiModel(base.embedder, (*base.taggers, *taggers))
    return MultiModel(base, (base, *taggers))


def header_of(model: Models) -> FeatureHeader:
    """The header of what a model makes, with where it lies."""
    if isinstance(model, MultiModel):
        locations = (model.embedder.location if model.embedder is not None else "", model.tagger.location)
        return FeatureHeader.of(model.card, *locations)
    return FeatureHeader.of(model.card, model.location)


def require_tags(model: AnyModel) -> AnyModel:
    """The model itself, if it has tags.

    Raises:
        UsageError: If it has none.
    """
    if not len(model.card.vocabulary):
        raise UsageError(f"the model {model.card.name} has no tags, only vectors", hint="--tagger NAME|DIR names one")
    return model
