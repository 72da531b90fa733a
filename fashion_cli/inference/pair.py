"""Two models side by side, as in Lim & Nang: vectors of a retrieval model, tags of an attribute model.

Together they are one more model, with a name and an identity of their own: feature files and indexes of a pair
compare with those of the same pair.
"""

import hashlib
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
class ModelPair:
    """What looks at photographs where one model is not enough.

    Attributes:
        vectors: Its vectors count; what tags it has do not.
        tags: Its tags count; its vectors do not.
    """

    vectors: Model
    tags: Model

    @cached_property
    def card(self) -> ModelCard:
        """What the two are together: the first one's vectors, the second one's vocabulary, both identities in one.

        Of how pixels are prepared it says nothing: each model has its own way.
        """
        first, second = self.vectors.card, self.tags.card
        both = f"{first.weights_sha256}\n{second.weights_sha256}"
        return replace(
            first,
            name=f"{first.name}{PAIRED}{second.name}",
            vocabulary=second.vocabulary,
            files={SAFETENSORS_FILE: hashlib.sha256(both.encode()).hexdigest()},
            figures={},
            prior=CategoryPrior(),  # it was weighed against the cosines of other vectors
        )


Models = Model | ModelPair
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
    return model if tagger.card.weights_sha256 == model.card.weights_sha256 else ModelPair(model, tagger)


def open_tagger(options: InferenceOptions) -> Model:
    """The one model that the options mean where only tags are wanted.

    Raises:
        WeightsError: If there is no such model.
        UsageError: If it has no tags.
    """
    return require_tags(open_model(options.tagger or options.model))


def header_of(model: Models) -> FeatureHeader:
    """The header of what a model makes, with where it lies."""
    if isinstance(model, ModelPair):
        return FeatureHeader.of(model.card, model.vectors.location, model.tags.location)
    return FeatureHeader.of(model.card, model.location)


def require_tags(model: AnyModel) -> AnyModel:
    """The model itself, if it has tags.

    Raises:
        UsageError: If it has none.
    """
    if not len(model.card.vocabulary):
        raise UsageError(f"the model {model.card.name} has no tags, only vectors", hint="--tagger NAME|DIR names one")
    return model
