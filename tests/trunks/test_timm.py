"""Networks of timm: built, loaded and fed as timm does it. The weights are random and lie in a folder of their own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from fashion_cli.data.images import ImageReader
from fashion_cli.errors import WeightsError
from fashion_cli.trunks.by_name import build_trunk, fetch_trunk
from fashion_cli.trunks.trunk import TrunkName, WeightsRequest
from tests.trunks.conftest import settled

timm = pytest.importorskip("timm", reason="the extra `encoders` is not installed")

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small vision transformer as the hub holds them."""
    torch.manual_seed(0)
    network = timm.create_model("test_vit", pretrained=False, num_classes=7, img_size=160)
    folder = tmp_path / "published"
    folder.mkdir()
    save_file(network.state_dict(), folder / "model.safetensors")
    preparation = {
        "input_size": [3, 160, 160],
        "fixed_input_size": True,
        "interpolation": "bicubic",
        "crop_pct": 0.9,
        "crop_mode": "center",
        "mean": MEAN,
        "std": STD,
        "num_classes": 7,
        "license": "mit",
        "first_conv": "patch_embed.proj",
        "classifier": "head",
    }
    document = {"architecture": "test_vit", "num_classes": 7, "pretrained_cfg": preparation}
    (folder / "config.json").write_text(json.dumps(document))
    return folder


def photograph(folder: Path) -> Path:
    y, x = np.mgrid[0:211, 0:333]
    waves = [127 + 120 * np.sin(x / 9 + y / 31 + phase) * np.cos(y / 13) for phase in (0, 1, 2.5)]
    path = folder / "photograph.png"
    Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "test_efficientnet", "test_convnext", "test_byobnet"])
@torch.inference_mode()
def test_a_trunk_gives_what_the_classifier_would_see(name: str) -> None:
    torch.manual_seed(0)
    whole: Any = settled(timm.create_model(name, pretrained=False, num_classes=7), 160)
    trunk = build_trunk({"trunk": f"timm:{name}"}, (160, 160))
    trunk.body.load_state_dict(
        {key: each for key, each in whole.state_dict().items() if key in trunk.body.state_dict()}
    )
    images = torch.randn(2, 3, 160, 160)
    embedding = trunk.body.eval()(images)
    assert embedding.shape == (2, trunk.width)
    assert torch.allclose(whole.get_classifier()(embedding), whole(images), atol=1e-5)


@torch.inference_mode()
def test_a_folder_is_fetched_with_its_preparation(folder: Path) -> None:
    pretrained = fetch_trunk(TrunkName.parse(f"timm:local-dir:{folder}"), WeightsRequest())
    trunk = build_trunk(pretrained.options, (160, 160))
    trunk.body.load_state_dict(dict(pretrained.tensors))
    reference = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(reference), is_training=False)
    path = photograph(folder)
    with Image.open(path) as image:
        prepared = transform(image)[None]
    pixels = torch.from_numpy(ImageReader(pretrained.input).read(path).pixels).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (pretrained.input.mean, pretrained.input.std))
    assert torch.allclose((pixels - mean) / std, prepared[0], atol=1e-5)
    assert torch.allclose(trunk.body.eval()(prepared), reference(prepared), atol=1e-5)
    assert pretrained.licence == "mit"


def test_a_card_needs_the_folder_no_more(folder: Path) -> None:
    options = fetch_trunk(TrunkName.parse(f"timm:local-dir:{folder}"), WeightsRequest()).options
    (folder / "config.json").unlink()
    assert build_trunk(json.loads(json.dumps(options)), (160, 160)).width == 64


@pytest.mark.parametrize("crop_mode", ["center", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("crop_pct", [1.0, 0.9, 0.875])
def test_pixels_are_those_of_timm(folder: Path, crop_mode: str, interpolation: str, crop_pct: float) -> None:
    document = json.loads((folder / "config.json").read_text())
    document["pretrained_cfg"] |= {"crop_mode": crop_mode, "interpolation": interpolation, "crop_pct": crop_pct}
    (folder / "config.json").write_text(json.dumps(document))
    pretrained = fetch_trunk(TrunkName.parse(f"timm:local-dir:{folder}"), WeightsRequest())
    transform = timm.data.create_transform(
        (3, 160, 160),
        interpolation=interpolation,
        crop_pct=crop_pct,
        crop_mode=crop_mode,
        normalize=False,
    )
    path = photograph(folder)
    with Image.open(path) as image:
        expected = transform(image).permute(1, 2, 0).numpy()
    assert np.array_equal(ImageReader(pretrained.input).read(path).pixels, expected)


@torch.inference_mode()
def test_another_size_resamples_the_positions(folder: Path) -> None:
    name = TrunkName.parse(f"timm:local-dir:{folder}")
    pretrained = fetch_trunk(name, WeightsRequest(size=(96, 64)))
    assert (pretrained.input.height, pretrained.input.width) == (96, 64)
    trunk = build_trunk(pretrained.options, (96, 64))
    trunk.body.load_state_dict(dict(pretrained.tensors))
    reference = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    reference.set_input_size(img_size=(96, 64))
    images = torch.randn(2, 3, 96, 64)
    assert torch.allclose(trunk.body.eval()(images), reference(images), atol=1e-5)


@torch.inference_mode()
def test_a_published_file_by_hand(folder: Path) -> None:
    whole = timm.create_model("test_vit.r160_in1k", pretrained=False)
    save_file(whole.state_dict(), folder / "by-hand.safetensors")
    name = TrunkName("timm", "test_vit.r160_in1k")
    pretrained = fetch_trunk(name, WeightsRequest(file=folder / "by-hand.safetensors"))
    assert torch.equal(pretrained.tensors["pos_embed"], whole.pos_embed)
    assert pretrained.options == {"trunk": "timm:test_vit.r160_in1k"}
    assert (pretrained.input.height, pretrained.input.interpolation) == (160, "bicubic")


def test_without_a_connection_the_error_says_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for text, page in (
        ("timm:test_vit.r160_in1k", "https://huggingface.co/timm/test_vit.r160_in1k"),
        ("timm:hf-hub:owner/model", "https://huggingface.co/owner/model"),
    ):
        with pytest.raises(WeightsError, match="cannot be fetched") as raised:
            fetch_trunk(TrunkName.parse(text), WeightsRequest())
        assert page in raised.value.hint
        assert f"fashion weights fetch {text} --file" in raised.value.hint


@pytest.mark.parametrize(("name", "near"), [("tets_vit", "test_vit"), ("test_vit.r161_in1k", "r160_in1k")])
def test_a_name_with_a_slip(name: str, near: str) -> None:
    with pytest.raises(WeightsError) as raised:
        build_trunk({"trunk": f"timm:{name}"}, None)
    assert near in raised.value.hint
