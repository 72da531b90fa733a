"""Further taggers of a feature file: their tag groups stand in the file behind those of its own model.

The file's own model, or pair of models, gives vectors and the first tags and is what the file is told by; each further
model only adds columns of scores. The header of the file says which models these are and where they lie, so whoever
has the file needs no options to open them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from fashion_cli.data.features import AddedTags, FeatureHeader
from fashion_cli.errors import FeatureFileError, UsageError, WeightsError
from fashion_cli.inference.multi_model import Models, with_taggers
from fashion_cli.weights import Model, open_model

PREFIX = re.compile(r"[\w-][\w.-]*")  # what can stand in `--where PREFIX.group=tag`


def with_added_taggers(base: Models, header: FeatureHeader) -> Models:
    """The models that give a new photograph every column of a feature file.

    Args:
        base: The file's own model.
        header: Of the file.

    Raises:
        WeightsError: If a further model of the file is not where it was, or has been trained again since.
    """
    return with_taggers(base, open_added_taggers(header.added))


def open_added_taggers(added: Sequence[AddedTags]) -> tuple[Model, ...]:
    """Open the further models of a feature file.

    Raises:
        WeightsError: If one is not where it was, or has been trained again since.
    """
    return tuple(_open(each) for each in added)


def _open(added: AddedTags) -> Model:
    again = f"fashion tag IMAGES… --model DIR -o FILE.h5 --add makes its tags anew, wherever {added.model} lies now"
    try:
        model = open_model(added.location)
    except WeightsError as error:
        raise WeightsError(f"the tags of {added.model} were made by {added.location}: {error}", hint=again) from error
    if not added.same_scores(AddedTags.of(model.card, "")):
        raise WeightsError(
            f"{added.location}: other weights than those that made the tags of {added.model}"
            f" (weights {added.weights_sha256[:12]}…)",
            hint=again,
        )
    return model


def add_tagger_to_header(header: FeatureHeader, model: Model, prefix: str, file: Path) -> FeatureHeader:
    """The header of a feature file with one more model's tags.

    A model whose tags the file has already keeps its place; so does one of the same name and prefix that has been
    trained again, whose older tags go.

    Args:
        header: As it is.
        model: What tags.
        prefix: Before the names of its groups; "" for the one that it has in the file, or none.
        file: The feature file, for messages.

    Raises:
        UsageError: If the prefix cannot be one, or the file's own tags are this model's.
        FeatureFileError: If a group has the name of another one.
    """
    if prefix and not PREFIX.fullmatch(prefix):
        raise UsageError(f"--add-as {prefix!r}: not a prefix", hint="letters, digits, - and _: --add-as shoes")
    card = model.card
    if header.weights_sha256 and header.weights_sha256 == card.weights_sha256:
        raise UsageError(f"{file}: its own tags are those of {card.name}", hint="name another model with --model")
    same = [place for place, each in enumerate(header.added) if each.weights_sha256 == card.weights_sha256]
    prefix = prefix or (header.added[same[0]].prefix if same else "")
    older = [place for place, each in enumerate(header.added) if (each.model, each.prefix) == (card.name, prefix)]
    replaced = {*same, *older}
    new = AddedTags.of(card, model.location, prefix)
    others = [each for place, each in enumerate(header.added) if place not in replaced]
    taken = {group.name for group in header.own_vocabulary.groups}
    taken |= {group.name for each in others for group in each.vocabulary.groups}
    if twice := [group.name for group in new.vocabulary.groups if group.name in taken]:
        raise FeatureFileError(
            f"{file}: there are groups named {', '.join(twice)} already",
            hint=f"--add-as {card.name} calls those of {card.name} {card.name}.{twice[0]}, …",
        )
    others.insert(min(replaced, default=len(others)), new)
    return header.with_added(others)
