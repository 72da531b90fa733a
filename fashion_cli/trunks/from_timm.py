"""Networks of timm (PyTorch Image Models), whose weights come from the Hugging Face hub: the extra `encoders`."""

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from fashion_cli.errors import MissingExtraError, WeightsError
from fashion_cli.model_cards import Fit, InputSpec
from fashion_cli.trunks.trunk import (
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

HUB, FOLDER = "hf-hub:", "local-dir:"  # names that are no names of timm's own
_FITS: dict[str, Fit] = {"center": "crop", "squash": "squash", "border": "letterbox"}  # timm's crop_mode


def build(settings: Settings) -> Trunk:
    """The network with random weights.

    Raises:
        MissingExtraError: If timm is not installed.
        WeightsError: If timm has no such network, or it cannot be of this size.
    """
    timm = _timm()
    config = settings.config or _hub_config(timm, settings.name.name)
    name, arguments = config.get("architecture", settings.name.name), config.get("model_args", {})
    _require(timm, name)
    body: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **arguments)
    _resize(settings.name, body, settings.size)
    return Trunk(body, _width(body))


def fetch(name: TrunkName, request: WeightsRequest) -> PretrainedTrunk:
    """Published weights, resampled where they depend on the size of the input.

    Raises:
        MissingExtraError: If timm is not installed.
        WeightsError: If there are none of this name, or they cannot be fetched or read.
    """
    timm = _timm()
    config = _hub_config(timm, name.name)
    tag = request.weights if request.weights not in ("", "DEFAULT") else ""
    full_name = f"{name.name.partition('.')[0]}.{tag}" if tag else name.name
    if not config:
        _require(timm, full_name)
    overlay = {"state_dict": read_tensors(request.file)} if request.file else None
    try:
        body: Any = timm.create_model(full_name, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay)
    except Exception as error:  # timm, the hub's client and what that is built on each have errors of their own
        raise _not_fetched(timm, full_name, error) from error
    published = body.pretrained_cfg
    _resize(name, body, request.size or tuple(published["input_size"][1:]))
    return PretrainedTrunk(
        tensors=body.state_dict(),
        input=_input_of(timm, body, request.size),
        options={"trunk": f"timm:{name.name}", **({"config": config} if config else {})},
        source=f"timm {full_name}, {_address(published)}",
        licence=published.get("license") or "NOASSERTION",
    )


def _timm() -> Any:
    try:
        return import_module("timm")
    except ImportError as error:
        raise MissingExtraError("a network of timm", "encoders") from error


def _require(timm: Any, name: str) -> None:
    """Say which names are near before timm says only that there is none."""
    if not timm.is_model(name.partition(".")[0]):
        raise unknown_name_error("network in timm named", name, timm.list_models())
    architecture, _, tag = name.partition(".")
    tags = [each.partition(".")[2] for each in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise unknown_name_error(f"weights of timm:{architecture} named", tag, tags)


def _hub_config(timm: Any, name: str) -> dict[str, Any]:
    """What a `hf-hub:` or `local-dir:` name means, so that a card can keep it; nothing for timm's own names."""
    if not name.startswith((HUB, FOLDER)):
        return {}
    ask_hub = timm.models.load_model_config_from_hf
    try:
        if name.startswith(HUB):
            _, architecture, arguments = ask_hub(name.removeprefix(HUB))
        else:
            document = json.loads((Path(name.removeprefix(FOLDER)) / "config.json").read_text(encoding="utf-8"))
            architecture, arguments = document["architecture"], document.get("model_args")
    except Exception as error:  # as in `fetch`
        raise _not_fetched(timm, name, error) from error
    return {"architecture": architecture, "model_args": dict(arguments or {})}


def _resize(name: TrunkName, body: Any, size: Size | None) -> None:
    """Resample what depends on the size of the input, where anything does and it has another."""
    now = getattr(getattr(body, "patch_embed", None), "img_size", None) or body.pretrained_cfg["input_size"][1:]
    if size is None or not hasattr(body, "set_input_size") or size == tuple(now):
        return
    try:
        body.set_input_size(img_size=size)
    except (AssertionError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{name}: cannot take {size[0]} x {size[1]} pixels ({first_line(error)})",
            hint="most take multiples of their patch: 14, 16 or 32 pixels",
        ) from error


def _width(body: Any) -> int:
    return int(getattr(body, "head_hidden_size", None) or body.num_features)


def _input_of(timm: Any, body: nn.Module, size: Size | None) -> InputSpec:
    data = timm.data.resolve_model_data_config(body)
    own: Size = data["input_size"][1:]
    if data["interpolation"] not in ("bilinear", "bicubic") or data["crop_mode"] not in _FITS:
        raise WeightsError(
            f"its input is scaled by {data['interpolation']!r} and cut by {data['crop_mode']!r}",
            hint="bilinear or bicubic, and center, squash or border can be read here",
        )
    height, width = size or own
    return InputSpec(
        height=height,
        width=width,
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        padding=round(255 * sum(data["mean"]) / 3),  # timm pads "border" with the mean colour
        fit=_FITS[data["crop_mode"]],
        interpolation=data["interpolation"],
        crop_share=own[0] / math.floor(own[0] / data["crop_pct"]),
    )


def _address(published: dict[str, Any]) -> str:
    hub = published.get("hf_hub_id")
    return f"https://huggingface.co/{hub}" if hub else str(published.get("url") or "no address is known")


def _not_fetched(timm: Any, name: str, error: Exception) -> WeightsError:
    published = {"hf_hub_id": name.removeprefix(HUB)} if name.startswith(HUB) else {}
    if not name.startswith((HUB, FOLDER)) and (pretrained := timm.get_pretrained_cfg(name, allow_unregistered=True)):
        published = pretrained.to_dict()
    return WeightsError(
        f"timm:{name}: its weights cannot be fetched ({first_line(error)})",
        hint=f"from {_address(published)} get model.safetensors elsewhere, then: "
        f"fashion weights fetch timm:{name} --file model.safetensors -o DIR",
    )
