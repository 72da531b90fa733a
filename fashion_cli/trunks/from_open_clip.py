"""Image towers of open_clip, among them CLIP, SigLIP and, by `hf-hub:` names, FashionSigLIP: the extra `encoders`.

Only the image tower is built and kept. A card holds the tower's whole configuration, so a model that was fetched once
is built again without the hub and without the text tower.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from torch import nn

from fashion_cli.errors import MissingExtraError, WeightsError
from fashion_cli.model_cards import Fit, InputSpec
from fashion_cli.trunks.trunk import (
    BY_HAND,
    PretrainedTrunk,
    Settings,
    Size,
    Trunk,
    TrunkName,
    WeightsRequest,
    first_line,
    read_tensors,
    unknown_name_error,
)

_FITS: dict[str, Fit] = {"shortest": "crop", "squash": "squash", "longest": "letterbox"}  # open_clip's resize_mode


def build(settings: Settings) -> Trunk:
    """The image tower with random weights.

    Raises:
        MissingExtraError: If open_clip is not installed.
        WeightsError: If open_clip has no such network, or it cannot be of this size.
    """
    open_clip = _open_clip()
    config = dict(settings.config or _config(open_clip, settings.name))
    vision = dict(config["vision_cfg"])
    own = _pair(vision.get("image_size", 224))
    resized = settings.size is not None and settings.size != own
    if resized:
        vision["image_size"] = settings.size
    vision["output_tokens"] = False  # CoCa gives its tokens too, and they are no vector
    # A library function by a private name: the public way builds the text tower too, and may ask the hub for it.
    tower = import_module("open_clip.model")._build_vision_tower  # noqa: SLF001
    try:
        body: Any = tower(config["embed_dim"], vision, config.get("quick_gelu", False))
        if hasattr(body, "set_input_size") and (resized or config.get("resized", False)):
            body.set_input_size(_pair(vision["image_size"]))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{settings.name}: cannot be built ({first_line(error)})",
            hint="pip install --upgrade open_clip_torch; sizes are multiples of the patch",
        ) from error
    return Trunk(body, config["embed_dim"])


def fetch(name: TrunkName, request: WeightsRequest) -> PretrainedTrunk:
    """Published weights of the image tower, resampled where they depend on the size of the input.

    Raises:
        MissingExtraError: If open_clip is not installed.
        WeightsError: If there are none of this name, or they cannot be fetched or read.
    """
    open_clip = _open_clip()
    config = _config(open_clip, name)
    tag = request.weights if request.weights not in ("", "DEFAULT") else name.weights
    published = _read_published(open_clip, name, tag)
    quick_gelu = bool(published.get("quick_gelu", config.get("quick_gelu", False)))
    own = _pair(config["vision_cfg"].get("image_size", 224))
    resized = request.size not in (None, own)
    try:
        with _silent():
            network = open_clip.create_model(
                name.name,
                pretrained=None if name.name.startswith(BY_HAND) or request.file else tag,
                load_weights=request.file is None,
                require_pretrained=request.file is None,
                pretrained_text=False,
                force_quick_gelu=quick_gelu,
                force_image_size=request.size if resized else None,
                force_preprocess_cfg=published if request.file else None,
            )
    except Exception as error:  # open_clip, the hub's client and what that is built on each have errors of their own
        raise _not_fetched(name, tag, published, error) from error
    if request.file:
        _load(network, request)
    vision = {**config["vision_cfg"], **({"image_size": request.size} if resized else {})}
    trunk_config = {
        "embed_dim": config["embed_dim"],
        "vision_cfg": vision,
        "quick_gelu": quick_gelu,
        "resized": resized,
    }
    where = f"{name.name}/{tag}" if tag else name.name
    return PretrainedTrunk(
        tensors=network.visual.state_dict(),
        input=_input_of(open_clip.get_model_preprocess_cfg(network)),
        options={"trunk": f"open_clip:{where}", "config": trunk_config},
        source=f"open_clip {where}, {_address(name, published)}",
    )


def _open_clip() -> Any:
    try:
        return import_module("open_clip")
    except ImportError as error:
        raise MissingExtraError("a network of open_clip", "encoders") from error


def _config(open_clip: Any, name: TrunkName) -> dict[str, Any]:
    try:
        config = open_clip.get_model_config(name.name)
    except Exception as error:  # as in `fetch`
        raise _not_fetched(name, "", {}, error) from error
    if config is None:
        raise unknown_name_error("network in open_clip named", name.name, open_clip.list_models())
    return dict(config)


def _read_published(open_clip: Any, name: TrunkName, tag: str) -> dict[str, Any]:
    """What open_clip knows of the weights: their address and how pixels are prepared for them."""
    if name.name.startswith(BY_HAND):
        return {}
    tags = open_clip.list_pretrained_tags_by_model(name.name)
    if tag not in tags:
        raise unknown_name_error(f"weights of open_clip:{name.name} named", tag, tags)
    return dict(open_clip.get_pretrained_cfg(name.name, tag))


def _load(network: nn.Module, request: WeightsRequest) -> None:
    """Load a published file, or one of the image tower alone, into the network."""
    assert request.file is not None  # noqa: S101
    tensors = read_tensors(request.file)
    convert, model = import_module("open_clip.convert"), import_module("open_clip.model")
    try:
        tensors = convert.convert_state_dict(network, tensors)
        model.resize_pos_embed(tensors, network)
        tensors = {name.removeprefix("visual."): each for name, each in tensors.items() if name.startswith("visual.")}
        network.get_submodule("visual").load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"{request.file}: does not fit the image tower ({str(error).splitlines()[-1].strip()})",
            hint="the file that the model's page calls open_clip_model.safetensors is wanted",
        ) from error


def _input_of(preprocess: Mapping[str, Any]) -> InputSpec:
    height, width = _pair(preprocess["size"])
    return InputSpec(
        height=height,
        width=width,
        mean=tuple(preprocess["mean"]),
        std=tuple(preprocess["std"]),
        padding=preprocess["fill_color"],
        fit=_FITS[preprocess["resize_mode"]],
        interpolation="bilinear" if preprocess["interpolation"] == "bilinear" else "bicubic",
    )


def _pair(size: int | Any) -> Size:
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)


def _address(name: TrunkName, published: Mapping[str, Any]) -> str:
    hub = str(published.get("hf_hub", "")).strip("/")
    if name.name.startswith("hf-hub:"):
        hub = name.name.removeprefix("hf-hub:")
    return f"https://huggingface.co/{hub}" if hub else str(published.get("url") or "no address is known")


def _not_fetched(name: TrunkName, tag: str, published: Mapping[str, Any], error: Exception) -> WeightsError:
    source = TrunkName(name.library, name.name, tag)
    return WeightsError(
        f"{source}: its weights cannot be fetched ({first_line(error)})",
        hint=f"from {_address(name, published)} get the weight file elsewhere, then: "
        f"fashion weights fetch {source} --file FILE -o DIR",
    )


@contextmanager
def _silent() -> Iterator[None]:
    """open_clip tells the root logger what it is about to raise, and warns of what is mended here."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
