"""EfficientNet-Lite's published weights: as a file, by name, and as teachers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fashion_cli.errors import WeightsError
from fashion_cli.initial_weights import fetch_initial, load_initial
from fashion_cli.model_cards import InputSpec, ModelCard, Vocabulary
from fashion_cli.weights import open_model
from fashion_cli.zoo import PUBLISHED, build_model, load_model
from scripts.teachers import INCEPTION, LITE2, make_teacher
from tests.required import not_there

HALF = (0.5, 0.5, 0.5)
CARD = ModelCard(
    name="lite",
    architecture="multitask_efficientnet_lite",
    summary="",
    source="",
    licence="CC0-1.0",
    vector_width=8,
    input=InputSpec(64, 48, HALF, HALF),
    vocabulary=Vocabulary(()),
)


@pytest.fixture
def pretrained(photographs: Path) -> Path:
    folder = photographs.parent / "pretrained"
    if not folder.is_dir():
        not_there(f"no published weights at {folder}")
    return folder


def test_the_published_file_is_a_start(pretrained: Path) -> None:
    timm = pytest.importorskip("timm", reason="the extra `encoders` is not installed")
    file = pretrained / "tf_efficientnet_lite0_imagenet.safetensors"
    network: Any = build_model(CARD).eval()
    load_initial(network, CARD, str(file))
    published = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    published.load_state_dict(load_file(file))
    images = torch.randn(1, 3, 64, 75, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = published(images)
        assert expected.std() > 1e-3
        assert torch.allclose(network.pooled(images), expected, atol=1e-4)


def test_the_published_weights_have_a_name() -> None:
    assert PUBLISHED["multitask_efficientnet_lite"] == ("timm:tf_efficientnet_lite0", "features.")
    with pytest.raises(WeightsError, match="the trunk of multitask_efficientnet_lite is timm:tf_efficientnet_lite0"):
        fetch_initial(CARD, "torchvision:DEFAULT")


@pytest.mark.parametrize("card", [INCEPTION, LITE2], ids=lambda card: card.name)
def test_teachers_are_made_of_published_files(card: ModelCard, tmp_path: Path) -> None:
    """Here of random weights by the library's names; a file that lacks some is refused."""
    pytest.importorskip("timm", reason="the extra `encoders` is not installed")
    torch.manual_seed(0)
    network = build_model(card).eval()
    tensors = {name.removeprefix("features."): each.contiguous() for name, each in network.state_dict().items()}
    save_file(tensors, tmp_path / "published.safetensors")
    model = open_model(make_teacher(card, tmp_path / "published.safetensors", tmp_path))
    assert model.card == replace(card, files=model.card.files)
    assert model.card.licence
    image = torch.randn(1, 3, 96, 75)
    with torch.inference_mode():
        cosine = (load_model(model).eval()(image).vectors * network(image).vectors).sum()
    assert float(cosine) == pytest.approx(1, abs=1e-3)  # halves are kept
    save_file(dict(list(tensors.items())[:-4]), tmp_path / "part.safetensors")
    with pytest.raises(WeightsError, match="of the trunk's"):
        make_teacher(card, tmp_path / "part.safetensors", tmp_path)
