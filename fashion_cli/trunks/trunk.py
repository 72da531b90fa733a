"""The interface of a trunk, whichever library it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import InputSpec
from fashion_cli.suggestions import near_words
from fashion_cli.weights import TRUNK_LIBRARIES

BY_HAND = ("hf-hub:", "local-dir:")  # names that hold slashes of their own, and whose weights have no name

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class TrunkName:
    """A network of a library.

    Attributes:
        library: "torchvision", "timm" or "open_clip".
        name: As the library calls it; timm's with its tag.
        weights: As torchvision and open_clip call them; "" where none are named.
    """

    library: str
    name: str
    weights: str = ""

    def __str__(self) -> str:
        return f"{self.library}:{self.name}" + (f"/{self.weights}" if self.weights else "")

    @classmethod
    def parse(cls, text: str) -> "TrunkName":
        """Read "torchvision:resnet50/IMAGENET1K_V2", "timm:NAME.TAG", "open_clip:NAME/TAG", "open_clip:hf-hub:…".

        Raises:
            WeightsError: If the text is anything else.
        """
        library, colon, name = text.partition(":")
        if library not in TRUNK_LIBRARIES or not colon or not name:
            raise WeightsError(
                f"{text!r} names no network",
                hint="torchvision:NAME[/WEIGHTS], timm:NAME[.TAG] or open_clip:NAME/TAG",
            )
        if library == "timm" or name.startswith(BY_HAND):
            return cls(library, name)
        name, _, weights = name.partition("/")
        return cls(library, name, weights)


@dataclass(frozen=True)
class Trunk:
    """A network without its classifier.

    Attributes:
        body: (B, 3, H, W) normalised images -> (B, F), what the library's own classifier would be given.
        width: F.
    """

    body: nn.Module
    width: int


@dataclass(frozen=True)
class PretrainedTrunk:
    """Published weights, and how they want to be used.

    Attributes:
        tensors: By the names of the library's own network; a classifier may be among them.
        input: How pixels are prepared, as the library says.
        options: What a card's `options` need for `build_trunk` to make the same network without a connection.
        source: The network, the weights and where they are published.
        licence: Of the weights; "NOASSERTION", as SPDX has it, where the library does not say.
        sha256: Of the file as it was published, hexadecimal; "" where the library keeps the file to itself.
    """

    tensors: Mapping[str, Tensor]
    input: InputSpec
    options: Mapping[str, Any]
    source: str
    licence: str = "NOASSERTION"
    sha256: str = ""


@dataclass(frozen=True)
class WeightsRequest:
    """Which published weights, and for which input.

    Attributes:
        weights: Their name in the library; "" or "DEFAULT" for those that the network's own name means.
        file: The published file, where it was fetched by hand; None to fetch it.
        size: Height and width of the input; None for what the weights were made for.
    """

    weights: str = ""
    file: Path | None = None
    size: Size | None = None


@dataclass(frozen=True)
class Settings:
    """What a card says about its trunk.

    Attributes:
        name: The network.
        config: What else a library needs to build it without asking its hub.
        size: Height and width of the input; None for the network's own.
    """

    name: TrunkName
    config: Mapping[str, Any] = field(default_factory=dict)
    size: Size | None = None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """A state dict from safetensors, or from a pickle of tensors and nothing else.

    Raises:
        WeightsError: If the file cannot be read or holds anything else.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        document = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})", hint="copy the weights again") from error
    except Exception as error:  # torch.load raises almost anything about damaged or foreign files
        raise WeightsError(
            f"{path}: no safetensors, and no pickle of tensors alone ({first_line(error)})",
            hint="convert it to safetensors in a place that you trust it in",
        ) from error
    return tensors_of(path, document)


def tensors_of(where: object, document: Any) -> dict[str, Tensor]:
    """The state dict in what a weight file holds.

    Raises:
        WeightsError: If there is none.
    """
    if isinstance(document, Mapping) and isinstance(document.get("state_dict"), Mapping):
        document = document["state_dict"]
    if not isinstance(document, Mapping) or not all(isinstance(value, Tensor) for value in document.values()):
        raise WeightsError(f"{where}: no table of tensors", hint="a state dict is wanted, by the network's own names")
    return dict(document)


def unknown_name_error(what: str, name: str, names: Iterable[str]) -> WeightsError:
    """The error about a name that a library does not have, with the nearest ones that it has."""
    names = list(names)
    near = near_words(name, names) or (names if len(names) <= 8 else [])
    hint = f"did you mean {' or '.join(near)}?" if near else "see the library's list of models"
    return WeightsError(f"no {what} {name!r}", hint=hint)


def first_line(error: Exception) -> str:
    """What an exception says, on one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
