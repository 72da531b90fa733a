"""Titles of tags in other languages: they stand in the cards of the models, not in feature files."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fashion_cli.embedding.added_tags import open_added_taggers
from fashion_cli.errors import FashionError
from fashion_cli.inference.multi_model import Models, open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.model_cards import Vocabulary
from fashion_cli.retrieval.gallery import Gallery

Titles = Mapping[tuple[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]  # (group, tags) -> language -> titles


def collect_titles(models: Iterable[Models]) -> Titles:
    """The titles in the cards of models."""
    return {(group.name, group.tags): group.titles for model in models for group in model.card.vocabulary.groups}


def with_titles(vocabulary: Vocabulary, titles: Titles) -> Vocabulary:
    """The same tags with their titles, as far as there are any."""
    groups = (
        replace(group, titles=titles.get((group.name.rpartition(".")[2], group.tags), {}))
        for group in vocabulary.groups
    )
    return Vocabulary(tuple(groups))


def add_titles(gallery: Gallery, options: InferenceOptions) -> None:
    """Bring the titles of the models that made a gallery into it; where a model is gone, tags go by their names.

    Args:
        gallery: Its header gets them.
        options: Where the models lie, if they are not where the gallery says.
    """
    made_by, header = gallery.manifest, gallery.features.header
    located = replace(
        options, model=options.model or made_by.model_location, tagger=options.tagger or made_by.tagger_location
    )
    try:
        titles = collect_titles((open_models(located), *open_added_taggers(header.added)))
    except FashionError:  # what needs the model says so; words and filters do without
        return
    gallery.features.header = replace(header, vocabulary=with_titles(header.vocabulary, titles))
