"""Encoded queries: features for the search, and a description of their tags for people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import Photograph
from fashion_cli.data.tags import Tag, named_tags, present_tags
from fashion_cli.retrieval.search import Features
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.web.replies import GroupReply, GroupsReply, GroupTagReply, NumbersReply, SeenReply, StyleReply
from fashion_cli.web.reply_building import tag_reply

STYLE = "style"  # the group whose surest tag is the style


@dataclass(frozen=True)
class EncodedQuery:
    """A query as the models encode it.

    Attributes:
        features: Of the index's tags.
        present: (T,) which of those it shows.
        description: Its size and tags, for people.
    """

    features: Features
    present: npt.NDArray[np.bool_]
    description: SeenReply


def encode_query(index: OpenIndex, features: Features, photograph: Photograph, language: str) -> EncodedQuery:
    """Encode a photograph that was uploaded, from what the models predicted.

    Args:
        index: To be searched.
        features: All that its models and the further ones say.
        photograph: Whose size is told.
        language: Of the tags' titles; "" for none.
    """
    own = len(index.gallery.features.header.vocabulary)
    present = present_tags(features.scores[None], index.encoder.vocabulary)[0]
    tags = named_tags(features.scores, present, index.encoder.vocabulary, language)
    description = _describe_tags(photograph.width, photograph.height, tags)
    return EncodedQuery(Features(features.vector, features.scores[:own]), present[:own], description)


def encode_stored_row(index: OpenIndex, row: int, language: str) -> EncodedQuery:
    """Encode a photograph of the index, from its stored row; nothing is predicted."""
    stored = index.gallery.read(np.array([row]))
    vocabulary = index.gallery.features.header.vocabulary
    scores = stored.scores[0].astype(np.float32)
    present = present_tags(scores[None], vocabulary)[0]
    description = _describe_tags(
        int(stored.widths[0]), int(stored.heights[0]), named_tags(scores, present, vocabulary, language)
    )
    return EncodedQuery(Features(stored.vectors[0].astype(np.float32), scores), present, description)


def groups_of(index: OpenIndex, language: str) -> GroupsReply:
    """Every group of the index, and how many photographs show each tag."""
    vocabulary = index.gallery.features.header.vocabulary
    counts = index.tag_counts
    return GroupsReply(
        groups=[
            GroupReply(
                name=group.name,
                title=group.name,
                exclusive=group.exclusive,
                tags=[
                    GroupTagReply(name=tag, title=group.title(tag, language), count=int(count))
                    for tag, count in zip(group.tags, counts[vocabulary.columns[group.name]], strict=True)
                ],
            )
            for group in vocabulary.groups
        ],
        columns=[
            NumbersReply(name=name, least=least, most=most) for name, (least, most) in index.number_ranges.items()
        ],
    )


def _describe_tags(width: int, height: int, tags: Sequence[Tag]) -> SeenReply:
    styles = [tag for tag in tags if tag.group.rpartition(".")[2] == STYLE]  # a group may have a prefix
    surest = max(styles, key=lambda tag: tag.score, default=None)
    style = StyleReply(tag=surest.name, title=surest.title or surest.name, score=surest.score) if surest else None
    return SeenReply(width=width, height=height, tags=[tag_reply(tag) for tag in tags], style=style)
