"""Architecture name -> network. The only place where a card becomes a loaded model."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import SAFETENSORS_FILE, ModelCard
from fashion_cli.models.multitask_mobilenet import MultitaskMobileNet
from fashion_cli.weights import Model

BUILDERS: dict[str, Callable[[ModelCard], nn.Module]] = {
    "multitask_mobilenet": lambda card: MultitaskMobileNet(card.vector_width, len(card.vocabulary)),
}


def build_model(card: ModelCard) -> nn.Module:
    """The untrained network of a card.

    Raises:
        WeightsError: If no builder has the card's architecture.
    """
    if card.architecture not in BUILDERS:
        raise WeightsError(
            f"model {card.name}: unknown architecture {card.architecture!r}",
            hint=f"known here: {', '.join(sorted(BUILDERS))}; pip install --upgrade fashion-cli",
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
        tensors = {name: _full_precision(tensor) for name, tensor in load_file(path).items()}
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


def save_weights(network: nn.Module, path: Path) -> str:
    """Write a network's weights in half precision, under a temporary name first.

    The network itself is rounded too, so that what is measured next is what was written.

    Returns:
        The sha256 of the file, in hexadecimal.
    """
    tensors = {
        name: tensor.half().contiguous() if tensor.is_floating_point() else tensor.contiguous()
        for name, tensor in network.state_dict().items()
    }
    network.load_state_dict({name: _full_precision(tensor) for name, tensor in tensors.items()})
    document = save(tensors)
    draft = path.with_suffix(".partial")
    draft.write_bytes(document)
    draft.replace(path)
    return hashlib.sha256(document).hexdigest()


def _full_precision(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
