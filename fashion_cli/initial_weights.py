"""What a network starts from: a file of tensors, or published weights of its trunk."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import ModelCard, Vocabulary
from fashion_cli.models.trunk import Encoder
from fashion_cli.trunks.by_name import build_trunk, fetch_trunk
from fashion_cli.trunks.trunk import PretrainedTrunk, TrunkName, Wanted, read_tensors
from fashion_cli.weights import TRUNK_LIBRARIES
from fashion_cli.zoo import PUBLISHED, TRUNK_PREFIX, full_precision


@dataclass(frozen=True)
class InitialWeights:
    """What a network starts from.

    Attributes:
        source: As it was asked for; of a file the name alone.
        sha256: Of the file, hexadecimal; "" where a library keeps the file to itself.
        taken: How many of the network's tensors were in it.
    """

    source: str
    sha256: str
    taken: int

    def as_options(self) -> dict[str, str]:
        """For the options of the card, so that it can be told later."""
        return {"init": self.source, "init_sha256": self.sha256}


def fetch_initial(card: ModelCard, init: str) -> PretrainedTrunk | None:
    """Published weights that training starts from, with what the trunk has to be built with; None for a file.

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
    pretrained = fetch_trunk(name, Wanted(weights, size=(card.input.height, card.input.width)))
    wanted = pretrained.input
    if not np.allclose([card.input.mean, card.input.std], [wanted.mean, wanted.std], atol=1e-3):
        raise WeightsError(
            f"{init}: wants its pixels scaled with mean {list(wanted.mean)} and std {list(wanted.std)}",
            hint=f"--set 'model.mean={list(wanted.mean)}' --set 'model.std={list(wanted.std)}'",
        )
    return pretrained


def load_initial(
    network: nn.Module, card: ModelCard, init: str, fetched: PretrainedTrunk | None = None
) -> InitialWeights:
    """Copy what training starts from into a network. Heads that are not in it keep their random weights.

    Args:
        network: Of the card; changed in place.
        card: Says which network of a library the trunk is.
        init: A file of tensors (safetensors, or a pickle of tensors alone), by the names of the network or of the
            library; or published weights of the trunk: `torchvision:IMAGENET1K_V2`, `timm:DEFAULT`, `open_clip:TAG`.
        fetched: What `fetch_initial` gave, where it was called before.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there are no such weights, they cannot be read or downloaded, or do not fit.
    """
    _, prefix = _trunk_of(card)
    pretrained = fetched or fetch_initial(card, init)
    if pretrained is None:
        path = Path(init)
        tensors = read_tensors(path)
        taken = _adopt(network, tensors, prefix, init)
        return InitialWeights(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), taken)
    taken = _adopt(network, pretrained.tensors, prefix, init)
    return InitialWeights(init, pretrained.sha256, taken)


def fetch_encoder(name: TrunkName, wanted: Wanted) -> tuple[nn.Module, ModelCard]:
    """A published network of a library as it is, and its card, whose files are still to be written.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there is none of this name, or it cannot be fetched, is damaged or gives no numbers.
    """
    pretrained = fetch_trunk(name, wanted)
    trunk = build_trunk(pretrained.options, (pretrained.input.height, pretrained.input.width))
    network = Encoder(trunk.body)
    _adopt(network, pretrained.tensors, TRUNK_PREFIX, str(name))
    return network.eval(), _encoder_card(name, pretrained, trunk.width)


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
    given = {**{prefix + name: tensor for name, tensor in tensors.items()}, **tensors}
    fitting = {
        name: full_precision(given[name])
        for name, tensor in own.items()
        if name in given and given[name].shape == tensor.shape and bool(torch.isfinite(given[name]).all())
    }
    # Files that are older than the count of batches do not have it; nothing reads it.
    wanted = [name for name in own if name.startswith(TRUNK_PREFIX) and not name.endswith("num_batches_tracked")]
    missing = [name for name in wanted if name not in fitting]
    if missing:
        raise WeightsError(
            f"{source}: {len(missing)} of the trunk's {len(wanted)} tensors are not in it, the first {missing[0]}",
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
