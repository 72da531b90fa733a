"""Image towers of open_clip. Their weights are random and lie in a folder of their own."""

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
from fashion_cli.trunks.trunk import PretrainedTrunk, TrunkName, WeightsRequest

open_clip = pytest.importorskip("open_clip", reason="the extra `encoders` is not installed")

NETWORK = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 16, "heads": 2, "layers": 1},
    "quick_gelu": True,
}
PREPARATION = {
    "mean": [0.4, 0.5, 0.6],
    "std": [0.2, 0.25, 0.3],
    "interpolation": "bicubic",
    "resize_mode": "squash",
    "fill_color": 9,
}


def write(folder: Path, **preparation: object) -> None:
    document = {"model_cfg": NETWORK, "preprocess_cfg": PREPARATION | preparation}
    (folder / "open_clip_config.json").write_text(json.dumps(document))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small CLIP as the hub holds them."""
    folder = tmp_path / "published"
    folder.mkdir()
    write(folder)
    torch.manual_seed(0)
    network = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def fetch(folder: Path, wanted: WeightsRequest | None = None) -> PretrainedTrunk:
    return fetch_trunk(TrunkName.parse(f"open_clip:local-dir:{folder}"), wanted or WeightsRequest())


def photograph(folder: Path) -> Path:
    y, x = np.mgrid[0:211, 0:333]
    waves = [127 + 120 * np.sin(x / 9 + y / 31 + phase) * np.cos(y / 13) for phase in (0, 1, 2.5)]
    path = folder / "photograph.png"
    Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(path)
    return path


@torch.inference_mode()
def test_a_tower_gives_the_vectors_of_encode_image(folder: Path) -> None:
    pretrained = fetch(folder)
    (folder / "open_clip_config.json").rename(folder / "gone.json")  # a card needs it no more
    trunk = build_trunk(json.loads(json.dumps(pretrained.options)), (32, 32))
    (folder / "gone.json").rename(folder / "open_clip_config.json")
    trunk.body.load_state_dict(dict(pretrained.tensors))
    reference: Any = open_clip.create_model(f"local-dir:{folder}").eval()
    images = torch.randn(3, 3, 32, 32)
    embedding = trunk.body.eval()(images)
    assert embedding.shape == (3, trunk.width) == (3, 16)
    assert torch.allclose(embedding, reference.encode_image(images), atol=1e-6)


@pytest.mark.parametrize("resize_mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_pixels_are_those_of_open_clip(folder: Path, resize_mode: str, interpolation: str) -> None:
    write(folder, resize_mode=resize_mode, interpolation=interpolation)
    spec = fetch(folder).input
    path = photograph(folder)
    _, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    with Image.open(path) as image:
        expected = transform(image)
    pixels = torch.from_numpy(ImageReader(spec).read(path).pixels).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (spec.mean, spec.std))
    assert torch.allclose((pixels - mean) / std, expected, atol=1e-5)


@torch.inference_mode()
def test_another_size_resamples_the_positions(folder: Path) -> None:
    pretrained = fetch(folder, WeightsRequest(size=(48, 64)))
    trunk = build_trunk(json.loads(json.dumps(pretrained.options)), (48, 64))
    trunk.body.load_state_dict(dict(pretrained.tensors))
    reference: Any = open_clip.create_model(f"local-dir:{folder}", force_image_size=(48, 64)).eval()
    images = torch.randn(2, 3, 48, 64)
    assert torch.allclose(trunk.body.eval()(images), reference.encode_image(images), atol=1e-6)
    assert (pretrained.input.height, pretrained.input.width) == (48, 64)


def test_a_published_file_by_hand(folder: Path) -> None:
    file = folder / "open_clip_model.safetensors"
    assert set(fetch(folder, WeightsRequest(file=file)).tensors) == set(fetch(folder).tensors)
    save_file({"visual.proj": torch.zeros(1)}, folder / "other.safetensors")
    with pytest.raises(WeightsError, match="does not fit"):
        fetch(folder, WeightsRequest(file=folder / "other.safetensors"))


def test_built_in_names_are_built_without_the_hub() -> None:
    trunk = build_trunk({"trunk": "open_clip:ViT-S-32-alt/laion"}, (64, 64))
    with torch.inference_mode():
        assert trunk.body.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 256)


def test_without_a_connection_the_error_says_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for text, page in (
        ("open_clip:ViT-B-32/laion2b_s34b_b79k", "https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("open_clip:hf-hub:Marqo/marqo-fashionSigLIP", "https://huggingface.co/Marqo/marqo-fashionSigLIP"),
    ):
        with pytest.raises(WeightsError, match="cannot be fetched") as raised:
            fetch_trunk(TrunkName.parse(text), WeightsRequest())
        assert page in raised.value.hint
        assert f"fashion weights fetch {text} --file" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "near"), [("open_clip:ViT-B-3/openai", "ViT-B-32"), ("open_clip:ViT-B-32/opnai", "openai")]
)
def test_a_name_with_a_slip(text: str, near: str) -> None:
    with pytest.raises(WeightsError) as raised:
        fetch_trunk(TrunkName.parse(text), WeightsRequest())
    assert near in raised.value.hint
