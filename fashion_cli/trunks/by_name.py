"""The libraries by name. Each is imported when a network of it is needed."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fashion_cli.errors import WeightsError
from fashion_cli.trunks.trunk import PretrainedTrunk, Settings, Size, Trunk, TrunkName, WeightsRequest

MODULES = {
    "torchvision": "fashion_cli.trunks.from_torchvision",
    "timm": "fashion_cli.trunks.from_timm",
    "open_clip": "fashion_cli.trunks.from_open_clip",
}


def build_trunk(options: Mapping[str, Any], size: Size | None) -> Trunk:
    """The network that a card's options name, with random weights.

    Args:
        options: `trunk` is its name; `config`, if there is one, what the library needs to build it without its hub.
        size: Height and width of the input.

    Raises:
        MissingExtraError: If its library is not installed.
        WeightsError: If the options name none.
    """
    if not isinstance(options.get("trunk"), str):
        raise WeightsError(
            "the model's options name no trunk", hint='options = { trunk = "torchvision:efficientnet_b0" }'
        )
    name = TrunkName.parse(options["trunk"])
    trunk: Trunk = import_module(MODULES[name.library]).build(Settings(name, options.get("config", {}), size))
    return trunk


def fetch_trunk(name: TrunkName, request: WeightsRequest) -> PretrainedTrunk:
    """Published weights of a network.

    Raises:
        MissingExtraError: If its library is not installed.
        WeightsError: If there are none, or they cannot be fetched or read, or are damaged.
    """
    pretrained: PretrainedTrunk = import_module(MODULES[name.library]).fetch(name, request)
    return pretrained
