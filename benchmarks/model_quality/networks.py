"""What is measured: one of our models, a network of another library, or MobileNetV2 as it came from ImageNet.

Each is frozen into a model directory that holds a card and `model.onnx` alone, and runs through the one prediction
loop like any other model. Its "vector" is the network's vector with the pooled features behind it, both at unit length,
the whole scaled to unit length again, since that is what a feature file holds.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.untouched_trunk import UntouchedTrunk
from fashion_cli.atomic_files import atomic_path
from fashion_cli.inference.deployed_model import DeployedModel
from fashion_cli.inference.onnx_export import traced_graph
from fashion_cli.initial_weights import fetch_encoder
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.layers.heads import unit_vectors
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, SAFETENSORS_FILE, Fit, InputSpec, ModelCard, Vocabulary
from fashion_cli.models.outputs import ImageOutputs
from fashion_cli.models.trunk import Encoder
from fashion_cli.trunks.trunk import TrunkName, WeightsRequest
from fashion_cli.weights import TRUNK_LIBRARIES, Model, open_model
from fashion_cli.zoo import load_model

VERSION = 1  # of what is frozen: another one freezes everything anew
IMAGENET = InputSpec(224, 224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))  # what the untouched MobileNetV2 wants
HALF = 2  # bytes of a weight in half precision


@dataclass(frozen=True)
class Network:
    """What is measured.

    Attributes:
        name: As it was asked for.
        frozen: A model directory whose vectors are vectors and pooled features, joined.
        width: D of the vectors; what is behind them are the features.
        parameters: Of the whole network.
        megabytes: Of its weights, as stored or in half precision.
    """

    name: str
    frozen: Model
    width: int
    parameters: int
    megabytes: float

    @property
    def identity(self) -> str:
        """Of weights and input together."""
        return self.frozen.card.weights_sha256


@dataclass(frozen=True)
class Source:
    """Where a network comes from.

    Attributes:
        name: As it was asked for.
        identity: What tells its weights and its input apart from those of others.
        build: The network in evaluation mode, and how it wants its input.
        megabytes: Of the weight file; None without one.
    """

    name: str
    identity: str
    build: Callable[[], tuple[nn.Module, InputSpec]]
    megabytes: float | None


class JoinedOutputs(nn.Module):
    """A network whose vectors have its pooled features behind them, unless the vectors are these features.

    Args:
        network: In evaluation mode; has `pooled`, or else gives vectors alone. Batch norm is fused into it.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        for name, child in network.named_children():
            setattr(network, name, fuse_module(child))
        self.network = network
        self.joins = hasattr(network, "pooled") and not isinstance(network, Encoder)

    def forward(self, images: Tensor) -> ImageOutputs:
        """(B, 3, H, W) normalised images -> (B, D + F) rows of unit length, no logits."""
        outputs: ImageOutputs = self.network(images)
        vectors = outputs.vectors
        if self.joins:  # ONNX Runtime computes what the two passes share once
            vectors = torch.cat([vectors, unit_vectors(self.network.pooled(images))], dim=1) / math.sqrt(2)  # type: ignore[operator]
        return ImageOutputs(vectors=vectors, logits=outputs.logits[:, :0])


def open_network(name: str, work: Path, fit: Fit | None = None) -> Network:
    """A network by name, frozen in `work` unless it lies there from a former run.

    Args:
        name: A model directory or a shipped model's name; `timm:NAME`, `torchvision:NAME/WEIGHTS` or
            `open_clip:NAME/TAG`, with `=FILE` behind it where the weights were fetched by hand; or a file of
            MobileNetV2's weights from TensorFlow.
        work: Keeps what is frozen.
        fit: How photographs are fitted to the input, instead of the network's own way.

    Raises:
        FashionError: If there is no such network, or it cannot be exported.
    """
    source = find_source(name)
    identity = hashlib.sha256(f"{VERSION}\n{source.identity}\n{fit}".encode()).hexdigest()
    directory = work / "networks" / identity[:16]
    if not (directory / CARD_FILE).exists():
        _freeze(source, identity, directory, fit)
    card = ModelCard.read(directory / CARD_FILE)
    options = card.options
    return Network(name, Model(directory, card), options["width"], options["parameters"], options["megabytes"])


def find_source(name: str) -> Source:
    """Where a network comes from, by its name as `open_network` takes it."""
    if name.partition(":")[0] in TRUNK_LIBRARIES:
        published, _, file = name.partition("=")
        return _published(name, TrunkName.parse(published), Path(file) if file else None)
    if name.endswith(".safetensors"):
        path = Path(name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Source(
            name, digest, lambda: (Encoder(UntouchedTrunk(path)), replace(IMAGENET, fit="squash")), _megabytes(path)
        )
    model = open_model(name)
    return Source(
        name,
        f"{model.card.weights_sha256} {model.card.input}",
        lambda: (load_model(model), model.card.input),
        _megabytes(model.file(SAFETENSORS_FILE, verify=False)),
    )


def _published(name: str, published: TrunkName, file: Path | None) -> Source:
    """A library's network, which sees the whole photograph: its own crop would cut hems and shoes off."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file else "published"

    def build() -> tuple[nn.Module, InputSpec]:
        network, card = fetch_encoder(published, WeightsRequest(file=file))
        return network, replace(card.input, fit="squash", crop_share=1.0)

    return Source(name, f"{published} {digest}", build, _megabytes(file) if file else None)


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


def _freeze(source: Source, identity: str, directory: Path, fit: Fit | None) -> None:
    network, spec = source.build()
    if fit is not None:
        spec = replace(spec, fit=fit, padding=255)
    parameters = sum(each.numel() for each in network.parameters())
    joined = JoinedOutputs(network.eval())
    with torch.inference_mode():
        blank = torch.zeros(1, 3, spec.height, spec.width)
        width, whole = (each(blank).vectors.shape[1] for each in (network, joined))
    card = ModelCard(
        name=source.name,
        architecture="frozen",
        summary="frozen to be measured",
        source=source.name,
        licence="NOASSERTION",
        vector_width=whole,
        input=spec,
        vocabulary=Vocabulary(()),
        options={
            "width": width,
            "parameters": parameters,
            "megabytes": source.megabytes or parameters * HALF / 1e6,
        },
    )
    document = traced_graph(DeployedModel(joined, card).eval(), spec).SerializeToString()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ONNX_FILE).write_bytes(document)
    files = {SAFETENSORS_FILE: identity, ONNX_FILE: hashlib.sha256(document).hexdigest()}
    with atomic_path(directory / CARD_FILE) as draft:
        replace(card, files=files).write(draft)
