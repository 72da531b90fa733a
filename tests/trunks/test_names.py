"""What a network of another library may be called."""

import pytest

from fashion_cli.errors import MissingExtraError, WeightsError
from fashion_cli.trunks.by_name import MODULES, build_trunk
from fashion_cli.trunks.trunk import TrunkName
from fashion_cli.weights import TRUNK_LIBRARIES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("torchvision:resnet50", TrunkName("torchvision", "resnet50")),
        ("torchvision:resnet50/IMAGENET1K_V2", TrunkName("torchvision", "resnet50", "IMAGENET1K_V2")),
        ("timm:vit_small_patch14_dinov2.lvd142m", TrunkName("timm", "vit_small_patch14_dinov2.lvd142m")),
        ("timm:hf-hub:owner/model", TrunkName("timm", "hf-hub:owner/model")),
        ("open_clip:ViT-B-32/laion2b_s34b_b79k", TrunkName("open_clip", "ViT-B-32", "laion2b_s34b_b79k")),
        ("open_clip:hf-hub:Marqo/marqo-fashionSigLIP", TrunkName("open_clip", "hf-hub:Marqo/marqo-fashionSigLIP")),
    ],
)
def test_names_are_read_and_written(text: str, name: TrunkName) -> None:
    assert TrunkName.parse(text) == name
    assert str(name) == text


@pytest.mark.parametrize("text", ["", "resnet50", "torchvision", "torchvision:", "keras:resnet50", "./torchvision:x"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(WeightsError, match="names no network") as raised:
        TrunkName.parse(text)
    assert "timm:NAME" in raised.value.hint


def test_every_library_has_a_module() -> None:
    assert set(MODULES) == set(TRUNK_LIBRARIES)


@pytest.mark.parametrize(("library", "name"), [("timm", "timm:test_vit"), ("open_clip", "open_clip:ViT-B-32/openai")])
def test_a_library_that_is_not_installed(library: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)  # as if it could not be found
    with pytest.raises(MissingExtraError) as raised:
        build_trunk({"trunk": name}, None)
    assert "fashion-cli[encoders]" in raised.value.hint


def test_options_without_a_trunk() -> None:
    with pytest.raises(WeightsError, match="no trunk"):
        build_trunk({}, None)
