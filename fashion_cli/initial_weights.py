"""Initial weights of a network: another model, a file of tensors, or published weights of its trunk."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, Vocabulary
from fashion_cli.models.trunk import Encoder
from fashion_cli.trunks.by_name import build_trunk, fetch_trunk
from fashion_cli.trunks.trunk import PretrainedTrunk, TrunkName, WeightsRequest, read_tensors
from fashion_cli.weights import TRUNK_LIBRARIES, Model, open_model
from fashion_cli.zoo import PUBLISHED, TRUNK_PREFIX, full_precision

VECTOR_HEAD = "vector_head.weight"
TAG_HEADS = ("tag_head.", "tag_heads.")
TAG_HEAD_PARTS = ("weight", "bias")
WITHOUT_TAGS = (TRUNK_PREFIX, "vector_head.", "classifier.")  # tensors that mean the same whatever the tags are


@dataclass(frozen=True)
class InitialWeights:
    """What a network starts from.

    Attributes:
        source: As it was asked for; of a file or a model the name alone.
        sha256: Of the file, hexadecimal; "" where a library keeps the file to itself.
        taken: How many of the network's tensors were in it.
        notes: Of a model: what was taken from it, and what starts anew.
    """

    source: str
    sha256: str
    taken: int
    notes: tuple[str, ...] = ()

    def as_options(self) -> dict[str, str]:
        """For the options of the card, so that it can be told later."""
        return {"init": self.source, "init_sha256": self.sha256}


def fetch_initial(card: ModelCard, init: str) -> PretrainedTrunk | None:
    """Published weights that training starts from, with what the trunk has to be built with; None for all others.

    Args:
        card: Says which network of a library the trunk is.
        init: As `load_initial` takes it.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there are no such weights, they cannot be read or downloaded, or want their pixels scaled
            otherwise than the card says.
    """
    library, _, weights = init.partition(":")
    if library not in TRUNK_LIBRARIES:
        return None
    name, _ = _trunk_of(card)
    if name is None or name.library != library:
        raise WeightsError(
            f"{init}: the trunk of {card.architecture} is {name or 'not of a library'}",
            hint=f"--init {name.library}:WEIGHTS, or a file" if name else "--init FILE",
        )
    pretrained = fetch_trunk(name, WeightsRequest(weights, size=(card.input.height, card.input.width)))
    _check_scaling(card, pretrained.input, init)
    return pretrained


def load_initial(
    network: nn.Module, card: ModelCard, init: str, fetched: PretrainedTrunk | None = None
) -> InitialWeights:
    """Copy what training starts from into a network. What is not in it keeps its random weights.

    Of a model whose vocabulary differs, the tag head gives the rows of the tags that both know, group by group.

    Args:
        network: Of the card; changed in place.
        card: Says which network of a library the trunk is.
        init: A shipped model's name or a model directory; a file of tensors (safetensors, or a pickle of tensors
            alone), by the names of the network or of the library; or published weights of the trunk:
            `torchvision:IMAGENET1K_V2`, `timm:DEFAULT`, `open_clip:TAG`.
        fetched: What `fetch_initial` gave, where it was called before.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there are no such weights, they cannot be read or downloaded, or do not fit.
    """
    _, prefix = _trunk_of(card)
    pretrained = fetched or fetch_initial(card, init)
    if pretrained is None:
        path = Path(init)
        if not path.is_file():
            return _load_model(network, card, _open(init))
        tensors = read_tensors(path)
        taken = _adopt(network, tensors, prefix, init)
        return InitialWeights(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), taken)
    taken = _adopt(network, pretrained.tensors, prefix, init)
    return InitialWeights(init, pretrained.sha256, taken)


def fetch_encoder(name: TrunkName, request: WeightsRequest) -> tuple[nn.Module, ModelCard]:
    """A published network of a library as it is, and its card, whose files are still to be written.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there is none of this name, or it cannot be fetched, is damaged or gives no numbers.
    """
    pretrained = fetch_trunk(name, request)
    trunk = build_trunk(pretrained.options, (pretrained.input.height, pretrained.input.width))
    network = Encoder(trunk.body)
    _adopt(network, pretrained.tensors, TRUNK_PREFIX, str(name))
    return network.eval(), _encoder_card(name, pretrained, trunk.width)


def _open(init: str) -> Model:
    try:
        return open_model(init)
    except WeightsError as error:
        if Path(init, CARD_FILE).is_file():  # there is one, and it is damaged
            raise
        raise WeightsError(
            f"--init {init}: neither a file of weights, a shipped model nor a model directory", hint=error.hint
        ) from error


def _load_model(network: nn.Module, card: ModelCard, model: Model) -> InitialWeights:
    name = model.card.name
    _check_scaling(card, model.card.input, name)
    tensors = read_tensors(model.file(SAFETENSORS_FILE))
    own = network.state_dict()
    matching_rows = _same_tags(card.vocabulary, model.card.vocabulary)
    if _questions(card.vocabulary) != _questions(model.card.vocabulary):
        theirs = {part: _tag_head(tensors, part) for part in TAG_HEAD_PARTS}
        tensors = {each: tensor for each, tensor in tensors.items() if each.startswith(WITHOUT_TAGS)}
        fitting = [_with_rows(_tag_head(own, part), theirs[part], matching_rows) for part in TAG_HEAD_PARTS]
        if all(fitting):
            tensors |= {each: tensor for part in fitting for each, tensor in part.items()}
        else:
            matching_rows = []
    taken = _adopt(network, tensors, "", name)
    return InitialWeights(
        name, model.card.weights_sha256, taken, (_what_was_taken(card, own, tensors, matching_rows, name),)
    )


def _questions(vocabulary: Vocabulary) -> list[tuple[object, ...]]:
    """What a tag head is made for; thresholds and titles are not its business."""
    return [(group.name, group.tags, group.exclusive) for group in vocabulary.groups]


def _same_tags(own: Vocabulary, other: Vocabulary) -> list[tuple[int, int]]:
    """The row in each of two vocabularies of every tag that both have, in groups of one name.

    A softmax and a sigmoid both grow with the logit: a row is a good start for a group that was exclusive and no
    longer is.
    """
    rows = {tag: row for row, tag in enumerate(zip(other.group_names, other.names, strict=True))}
    tags = enumerate(zip(own.group_names, own.names, strict=True))
    return [(row, rows[tag]) for row, tag in tags if tag in rows]


def _tag_head(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """The weights or biases of a linear tag head, in one piece or one for each group, in the order of the tags."""
    return {
        name: full_precision(tensor)
        for name, tensor in tensors.items()
        if name.startswith(TAG_HEADS) and name.endswith(part)
    }


def _with_rows(
    own: Mapping[str, Tensor], theirs: Mapping[str, Tensor], rows: Sequence[tuple[int, int]]
) -> dict[str, Tensor]:
    """A tag head with some of its rows from another one; nothing where the other looks at other features."""
    if not (own and theirs):
        return {}
    mixed, others = torch.cat(list(own.values())), torch.cat(list(theirs.values()))
    if mixed.shape[1:] != others.shape[1:]:
        return {}
    for row, other in rows:
        mixed[row] = others[other]
    return dict(zip(own, torch.split(mixed, [len(each) for each in own.values()]), strict=True))


def _what_was_taken(
    card: ModelCard,
    own: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    matching_rows: Sequence[tuple[int, int]],
    name: str,
) -> str:
    """Describe which parts were taken over, in a sentence for people."""
    taken: list[str] = ["the trunk"]
    anew: list[str] = []
    if VECTOR_HEAD in own:
        fits = VECTOR_HEAD in tensors and tensors[VECTOR_HEAD].shape == own[VECTOR_HEAD].shape
        (taken if fits else anew).append("the vector head")
    rows = {row for row, _ in matching_rows}
    for group in card.vocabulary.groups:
        columns = card.vocabulary.columns[group.name]
        shared = len(rows & set(range(columns.start, columns.stop)))
        count = f"{shared} of {len(group.tags)} tags" if shared < len(group.tags) else f"{shared} tags"
        (taken if shared else anew).append(f"{group.name} ({count if shared else f'{len(group.tags)} tags'})")
    return f"taken from {name}: {', '.join(taken)}" + (f"; anew: {', '.join(anew)}" if anew else "")


def _check_scaling(card: ModelCard, spec: InputSpec, init: str) -> None:
    if not np.allclose([card.input.mean, card.input.std], [spec.mean, spec.std], atol=1e-3):
        raise WeightsError(
            f"{init}: wants its pixels scaled with mean {list(spec.mean)} and std {list(spec.std)}",
            hint=f"--set 'model.mean={list(spec.mean)}' --set 'model.std={list(spec.std)}'",
        )


def _trunk_of(card: ModelCard) -> tuple[TrunkName | None, str]:
    """Which network of a library the trunk is, and what its tensors' names get in front of them."""
    default, prefix = PUBLISHED.get(card.architecture, ("", TRUNK_PREFIX))
    name = card.options.get("trunk") or default
    return (TrunkName.parse(name) if name else None), prefix


def _adopt(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str, source: str) -> int:
    """Copy the tensors that fit by name and shape.

    Args:
        network: Changed in place.
        tensors: By the names of the network, or by these without the prefix. What is not finite counts as missing.
        prefix: Of the trunk.
        source: For messages.

    Returns:
        How many tensors were copied.
    """
    own = network.state_dict()
    by_name = {**{prefix + name: tensor for name, tensor in tensors.items()}, **tensors}
    fitting = {
        name: full_precision(by_name[name])
        for name, tensor in own.items()
        if name in by_name and by_name[name].shape == tensor.shape and bool(torch.isfinite(by_name[name]).all())
    }
    # Files that are older than the count of batches do not have it; nothing reads it.
    expected = [name for name in own if name.startswith(TRUNK_PREFIX) and not name.endswith("num_batches_tracked")]
    missing = [name for name in expected if name not in fitting]
    if missing:
        raise WeightsError(
            f"{source}: {len(missing)} of the trunk's {len(expected)} tensors are not in it, the first {missing[0]}",
            hint="check the architecture and its trunk",
        )
    network.load_state_dict(fitting, strict=False)
    return len(fitting)


def _encoder_card(name: TrunkName, pretrained: PretrainedTrunk, width: int) -> ModelCard:
    options: dict[str, Any] = {**pretrained.options, "init": str(name), "init_sha256": pretrained.sha256}
    return ModelCard(
        name=str(name),
        architecture="encoder",
        summary=f"{name} as published: vectors of {width}, no tags",
        source=pretrained.source,
        licence=pretrained.licence,
        vector_width=width,
        input=pretrained.input,
        vocabulary=Vocabulary(()),
        options=options,
    )
