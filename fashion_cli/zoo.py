"""Architecture name -> network. The only place where a card becomes a loaded model."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fashion_cli.atomic_files import atomic_path
from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import SAFETENSORS_FILE, ModelCard
from fashion_cli.models import efficientnet_attributes, ml_gcn, style_resnet34
from fashion_cli.models.basic_cnn import FEATURE_WIDTH as BASIC_WIDTH
from fashion_cli.models.basic_cnn import BasicCNN
from fashion_cli.models.efficientnet_attributes import EfficientNetAttributes
from fashion_cli.models.ml_gcn import MLGCN
from fashion_cli.models.multitask_efficientnet_lite import BLOCK_WIDTHS as LITE_WIDTHS
from fashion_cli.models.multitask_efficientnet_lite import MultitaskEfficientNetLite
from fashion_cli.models.multitask_mobilenet import BLOCK_WIDTHS, MultitaskMobileNet
from fashion_cli.models.style_resnet34 import StyleResNet34
from fashion_cli.models.triplet_resnet50 import TripletResNet50
from fashion_cli.models.trunk import Encoder, HeadedTrunk
from fashion_cli.models.vgg16_attributes import VGG16Attributes
from fashion_cli.suggestions import suggest
from fashion_cli.trunks.by_name import build_trunk
from fashion_cli.trunks.trunk import Trunk
from fashion_cli.weights import Model

TRUNK_PREFIX = "features."  # of every network's trunk; the rest are heads


def _multitask_mobilenet(card: ModelCard) -> nn.Module:
    return MultitaskMobileNet(card.vector_width, len(card.vocabulary), _tag_blocks(card, len(BLOCK_WIDTHS)))


def _multitask_efficientnet_lite(card: ModelCard) -> nn.Module:
    return MultitaskEfficientNetLite(card.vector_width, len(card.vocabulary), _tag_blocks(card, len(LITE_WIDTHS)))


def _tag_blocks(card: ModelCard, count: int) -> Sequence[int]:
    """The blocks of a trunk of so many that the card lets tags see."""
    blocks: object = card.options.get("tag_blocks", ())
    if not isinstance(blocks, Sequence) or any(block not in range(count) for block in blocks):
        raise WeightsError(
            f"model {card.name}: tag_blocks {blocks!r}: not a list of blocks",
            hint=f"numbers from 0 to {count - 1} in [model.options]",
        )
    return blocks


def _headed_trunk(card: ModelCard) -> nn.Module:
    trunk = build_trunk(card.options, (card.input.height, card.input.width))
    return HeadedTrunk(trunk.body, trunk.width, card.vector_width, len(card.vocabulary))


def _encoder(card: ModelCard) -> nn.Module:
    trunk = build_trunk(card.options, (card.input.height, card.input.width))
    if (trunk.width, 0) != (card.vector_width, len(card.vocabulary)):
        raise WeightsError(
            f"model {card.name}: {card.options['trunk']} as it is gives vectors of {trunk.width} and no tags",
            hint=f"vector_width = {trunk.width} and no vocabulary, or the architecture trunk",
        )
    return Encoder(trunk.body)


def _vgg16_attributes(card: ModelCard) -> nn.Module:
    if not len(card.vocabulary):
        raise WeightsError(f"model {card.name}: vgg16_attributes without tags", hint="the recipe's groups name them")
    return VGG16Attributes(card.vector_width, len(card.vocabulary))


def _style_resnet34(card: ModelCard) -> nn.Module:
    trunk = _paper_trunk(card)
    return StyleResNet34(trunk.body, trunk.width, len(card.vocabulary))


def _efficientnet_attributes(card: ModelCard) -> nn.Module:
    trunk = _paper_trunk(card)
    answers = [len(group.tags) for group in card.vocabulary.groups]
    return EfficientNetAttributes(trunk.body, trunk.width, answers)


def _ml_gcn(card: ModelCard) -> nn.Module:
    trunk = _paper_trunk(card)
    label_width = card.options.get("label_width")
    if not isinstance(label_width, int):
        raise WeightsError(f"model {card.name}: its options do not say how wide its label vectors are", hint="retrain")
    return MLGCN(trunk.body, trunk.width, len(card.vocabulary), label_width)


def _basic_cnn(card: ModelCard) -> nn.Module:
    _require_width(card, "basic_cnn", BASIC_WIDTH)
    return BasicCNN(len(card.vocabulary))


def _paper_trunk(card: ModelCard) -> Trunk:
    """The trunk of a classifier whose vectors are the trunk's features: the card's, else the paper's."""
    if not len(card.vocabulary):
        raise WeightsError(f"model {card.name}: {card.architecture} without tags", hint="the recipe's groups name them")
    name = card.options.get("trunk") or PUBLISHED[card.architecture][0]
    trunk = build_trunk({**card.options, "trunk": name}, (card.input.height, card.input.width))
    _require_width(card, name, trunk.width)
    return trunk


def _require_width(card: ModelCard, name: str, width: int) -> None:
    """Where vectors are what the heads see, their width is no choice."""
    if width != card.vector_width:
        raise WeightsError(
            f"model {card.name}: {name} gives vectors of {width}, not {card.vector_width}",
            hint=f"vector_width = {width} in [model]",
        )


BUILDERS: dict[str, Callable[[ModelCard], nn.Module]] = {
    "multitask_mobilenet": _multitask_mobilenet,
    "multitask_efficientnet_lite": _multitask_efficientnet_lite,
    "triplet_resnet50": lambda card: TripletResNet50(card.vector_width, len(card.vocabulary)),
    "vgg16_attributes": _vgg16_attributes,
    "style_resnet34": _style_resnet34,
    "efficientnet_attributes": _efficientnet_attributes,
    "ml_gcn": _ml_gcn,
    "basic_cnn": _basic_cnn,
    "trunk": _headed_trunk,
    "encoder": _encoder,
}

# Whose published weights an architecture can start from, and what their names get in front of them here. A trunk that
# the card names takes the place of the one here; those that are not listed always name theirs.
PUBLISHED: dict[str, tuple[str, str]] = {
    "multitask_mobilenet": ("torchvision:mobilenet_v2", ""),
    "multitask_efficientnet_lite": ("timm:tf_efficientnet_lite0", TRUNK_PREFIX),
    "triplet_resnet50": ("torchvision:resnet50", TRUNK_PREFIX),
    "vgg16_attributes": ("torchvision:vgg16", ""),
    "style_resnet34": (style_resnet34.TRUNK, TRUNK_PREFIX),
    "efficientnet_attributes": (efficientnet_attributes.TRUNK, TRUNK_PREFIX),
    "ml_gcn": (ml_gcn.TRUNK, TRUNK_PREFIX),
}


def build_model(card: ModelCard) -> nn.Module:
    """The untrained network of a card.

    Raises:
        WeightsError: If no builder has the card's architecture.
    """
    if card.architecture not in BUILDERS:
        raise WeightsError(
            f"model {card.name}: unknown architecture {card.architecture!r}",
            hint=f"{suggest(card.architecture, sorted(BUILDERS))}; or pip install --upgrade fashion-cli",
        )
    return BUILDERS[card.architecture](card)


def load_model(model: Model) -> nn.Module:
    """The network with its verified weights, in fp32 and evaluation mode.

    Raises:
        WeightsError: If the weights are missing, damaged or of another architecture.
    """
    network = build_model(model.card)
    load_weights(network, model.file(SAFETENSORS_FILE))
    return network.eval()


def load_weights(network: nn.Module, path: Path, *, partly: bool = False) -> None:
    """Copy a safetensors file into a network; half-precision values become fp32.

    Args:
        network: Changed in place.
        path: Tensors by the network's own names.
        partly: Accept a file that holds only a part of the network (a pretrained trunk) or more than it (a classifier).

    Raises:
        WeightsError: If the file cannot be read or does not fit.
    """
    try:
        tensors = {name: full_precision(tensor) for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})", hint="copy the weights again") from error
    if partly:
        own = network.state_dict()
        tensors = {name: tensor for name, tensor in tensors.items() if name in own and own[name].shape == tensor.shape}
        if not tensors:
            raise WeightsError(f"{path}: no tensor fits the network", hint="check the architecture in the recipe")
    try:
        network.load_state_dict(tensors, strict=not partly)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{path}: does not fit the network ({first})", hint="fashion weights verify") from error


def save_weights(network: nn.Module, path: Path, *, half: bool = True) -> str:
    """Write a network's weights under a temporary name first.

    The network itself is rounded too, so that what is measured next is what was written.

    Args:
        network: Changed in place.
        path: What is written.
        half: In half precision, but for tensors whose values are beyond its range.

    Returns:
        The sha256 of the file, in hexadecimal.
    """
    tensors = {name: _copy_tensor(tensor, half) for name, tensor in network.state_dict().items()}
    network.load_state_dict({name: full_precision(tensor) for name, tensor in tensors.items()})
    document = save(tensors)
    with atomic_path(path) as draft:
        draft.write_bytes(document)
    return hashlib.sha256(document).hexdigest()


def _copy_tensor(tensor: Tensor, half: bool) -> Tensor:
    """A copy of its own: safetensors refuses tensors that share memory."""
    if half and tensor.is_floating_point():
        halves = tensor.half()
        if bool((halves.isfinite() == tensor.isfinite()).all()):
            tensor = halves
    return tensor.detach().clone().contiguous()


def full_precision(tensor: Tensor) -> Tensor:
    """The tensor in fp32 if it holds fractions."""
    return tensor.float() if tensor.is_floating_point() else tensor
