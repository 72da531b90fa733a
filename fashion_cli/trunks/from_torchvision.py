"""Networks and ImageNet weights of torchvision.

A weight file is looked for where torchvision keeps its own, `hub/checkpoints` in `$TORCH_HOME`, and downloaded there.
Its whole sha256 is compared where it is known; elsewhere the eight digits in its name, as torchvision does it once, are
compared each time. Only then is it read, as tensors and nothing else.
"""

import hashlib
import re
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor, fx, hub, nn
from torch.nn import functional as F
from torchvision import models
from torchvision.models import WeightsEnum
from torchvision.models.feature_extraction import create_feature_extractor

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import InputSpec, Interpolation
from fashion_cli.trunks.trunk import (
    PretrainedTrunk,
    Settings,
    Size,
    Trunk,
    TrunkName,
    WeightsRequest,
    first_line,
    read_tensors,
    tensors_of,
    unknown_name_error,
)

# Of the files as download.pytorch.org serves them. The names hold the first eight digits.
KNOWN_SHA256 = {
    "efficientnet_b0_rwightman-7f5810bc.pth": "7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934",
    "mobilenet_v2-7ebf99e0.pth": "7ebf99e03e254b273379b23edca7ec0da9f48273b23a332b93c1c99d49e86e8f",
    "resnet34-b627a593.pth": "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
    "resnet50-0676ba61.pth": "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
    "resnet50-11ad3fa6.pth": "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
    "vgg16-397923af.pth": "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    "vit_b_16-c867db91.pth": "c867db91d3e12c6cbadabb610d73c24a546bf82d8c03a9fea34f43a712ddb0e9",
}
PROBE = (128, 128)  # pixels: large enough for any network's maps
_DIGITS = re.compile(r"-([0-9a-f]{8,})\.")  # of the sha256, in the name of a file

# Their published weights want inputs that the network itself normalises anew, and no second classifier.
_INCEPTION = {"aux_logits": False, "init_weights": False, "transform_input": True}
_ARGUMENTS: dict[str, dict[str, bool]] = {"googlenet": _INCEPTION, "inception_v3": _INCEPTION}
# DenseNet's files are older than its code: norm.1 in the file is norm1 in the network.
_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def build(settings: Settings) -> Trunk:
    """The network with random weights.

    Raises:
        WeightsError: If torchvision has none of this name, it has no fully connected end, or takes another size only.
    """
    name = settings.name.name
    names = models.list_models(module=models)
    if name not in names:
        raise unknown_name_error("network in torchvision named", name, names)
    arguments = _ARGUMENTS.get(name, {})
    if "until" in settings.config and arguments:
        arguments = {**arguments, "transform_input": False}  # no weights of torchvision's own
    body: nn.Module = models.get_model(name, weights=None, **arguments)
    side = getattr(body, "image_size", None)
    if side is not None and settings.size not in (None, (side, side)):
        raise WeightsError(f"torchvision:{name} takes {side} x {side} pixels and no other size", hint=f"use {side}")
    if "until" in settings.config:
        return _until(name, body, str(settings.config["until"]))
    return _without_classifier(name, body)


def fetch(name: TrunkName, request: WeightsRequest) -> PretrainedTrunk:
    """Published weights.

    Raises:
        WeightsError: If there are none of this name, or they can neither be found nor downloaded, or are damaged.
    """
    weights = _find_weights(name.name, request.weights or name.weights or "DEFAULT")
    path = request.file or _download(weights.url)
    converted = path.suffix == ".safetensors"  # by hand: the published sha256 is not that of this file
    sha256 = _verify(path, path.name if converted else Path(weights.url).name)
    return PretrainedTrunk(
        tensors=_read(path),
        input=_input_of(weights, request.size),
        options={"trunk": f"torchvision:{name.name}"},
        source=f"{weights}, {weights.url}",
        licence="BSD-3-Clause",
        sha256=sha256,
    )


def _until(name: str, body: nn.Module, node: str) -> Trunk:
    """The network up to a node of its graph, whose maps are averaged: for weights that end there.

    Average pools count only real pixels, as TensorFlow's do, from which such weights come.
    """
    try:
        extractor = create_feature_extractor(body.eval(), {node: "maps"})
    except ValueError as error:
        raise WeightsError(f"torchvision:{name} has no node {node!r}", hint=first_line(error)) from error
    graph = extractor.graph
    for each in graph.nodes:
        if each.op == "call_function" and each.target is F.avg_pool2d:
            each.kwargs = {**each.kwargs, "count_include_pad": False}
    (output,) = (each for each in graph.nodes if each.op == "output")
    with graph.inserting_before(output):
        output.args = (graph.call_method("mean", (output.args[0]["maps"],), {"dim": (2, 3)}),)
    trunk = fx.GraphModule(extractor, graph)  # one graph for training and evaluation, tensors by torchvision's names
    with torch.inference_mode():
        width = trunk(torch.zeros(1, 3, *PROBE)).shape[1]
    return Trunk(trunk, width)


def _without_classifier(name: str, body: nn.Module) -> Trunk:
    """Replace the last fully connected layer, which gives the 1,000 classes, by the identity."""
    layers = [(path, layer) for path, layer in body.named_modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise WeightsError(f"torchvision:{name} has no fully connected end to take off", hint="choose another network")
    path, classifier = layers[-1]
    parent, _, own = path.rpartition(".")
    setattr(body.get_submodule(parent), own, nn.Identity())
    return Trunk(body, classifier.in_features)


def _find_weights(name: str, weights: str) -> WeightsEnum:
    names = models.list_models(module=models)
    if name not in names:
        raise unknown_name_error("network in torchvision named", name, names)
    there = models.get_model_weights(name)
    if weights not in there.__members__:
        raise unknown_name_error(f"weights of torchvision:{name} named", weights, there.__members__)
    entry: WeightsEnum = there[weights]
    return entry


def _download(url: str) -> Path:
    """Where the file lies, after a download if it has to be."""
    folder = Path(hub.get_dir()) / "checkpoints"
    path = folder / Path(url).name
    if path.exists():
        return path
    digits = _DIGITS.search(path.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        hub.download_url_to_file(url, str(path), digits.group(1) if digits else None, progress=False)
    except (URLError, HTTPException, OSError, RuntimeError) as error:  # RuntimeError: the digits differ
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"{url}: cannot be downloaded ({reason})", hint=f"fetch {path.name} elsewhere and put it into {folder}"
        ) from error
    return path


def _verify(path: Path, name: str) -> str:
    """The sha256 of the file.

    Raises:
        WeightsError: If it is not what the published name promises.
    """
    try:
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})", hint="copy the file again") from error
    digits = _DIGITS.search(name)
    expected = KNOWN_SHA256.get(name) or (digits.group(1) if digits else "")
    if not actual.startswith(expected):
        raise WeightsError(
            f"{path}: sha256 {actual[:16]}… is not that of {name}, {expected[:16]}",
            hint="the file is damaged or another one: delete it, then download it again",
        )
    return actual


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        # By torchvision's own loader, which also knows the archives of its oldest files; the file is there already.
        document: Any = hub.load_state_dict_from_url(
            path.resolve().as_uri(), str(path.parent), map_location="cpu", file_name=path.name, weights_only=True
        )
    except Exception as error:  # torch.load raises almost anything about damaged files
        raise WeightsError(
            f"{path}: not a file of tensors ({first_line(error)})", hint="delete it, then download it again"
        ) from error
    return {_DENSENET.sub(r"\1\2", name): tensor for name, tensor in tensors_of(path, document).items()}


def _input_of(weights: WeightsEnum, size: Size | None) -> InputSpec:
    """As the weights were evaluated: the short side scaled to `resize_size`, the middle cropped."""
    recipe = weights.transforms()
    side, scaled = recipe.crop_size[0], recipe.resize_size[0]
    interpolation: Interpolation = "bicubic" if recipe.interpolation.value == "bicubic" else "bilinear"
    height, width = size or (side, side)
    return InputSpec(
        height=height,
        width=width,
        mean=tuple(recipe.mean),
        std=tuple(recipe.std),
        fit="crop",
        interpolation=interpolation,
        crop_share=side / scaled,
    )
