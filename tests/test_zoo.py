"""Every architecture is built from a card; what it starts from arrives; what is saved is what was trained."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision import models

from fashion_cli import initial_weights
from fashion_cli.errors import WeightsError
from fashion_cli.initial_weights import fetch_encoder, fetch_initial, load_initial
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.trunks.trunk import PretrainedTrunk, TrunkName, WeightsRequest
from fashion_cli.weights import shipped_models
from fashion_cli.zoo import BUILDERS, build_model, load_weights, save_weights

TAGS = Vocabulary((TagGroup("colour", ("red", "blue", "green"), exclusive=True),))
NONE = Vocabulary(())
TRUNK = {"trunk": "torchvision:mobilenet_v3_small"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks on images this small lose more to threads that wait for each other than they win."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def card(
    architecture: str, vector_width: int, vocabulary: Vocabulary, options: Mapping[str, Any] | None = None
) -> ModelCard:
    return ModelCard(
        name="a model",
        architecture=architecture,
        summary="",
        source="",
        licence="CC0-1.0",
        vector_width=vector_width,
        input=InputSpec(64, 64),
        vocabulary=vocabulary,
        options=options or {},
    )


CARDS = {
    "multitask_mobilenet": card("multitask_mobilenet", 8, TAGS),
    "multitask_efficientnet_lite": card("multitask_efficientnet_lite", 8, TAGS),
    "triplet_resnet50": card("triplet_resnet50", 8, NONE),
    "vgg16_attributes": card("vgg16_attributes", 16, TAGS),
    "ml_gcn": card("ml_gcn", 1024, TAGS, {**TRUNK, "label_width": 7}),
    "basic_cnn": card("basic_cnn", 256, TAGS),
    "style_resnet34": card("style_resnet34", 1024, TAGS, TRUNK),
    "efficientnet_attributes": card("efficientnet_attributes", 1024, TAGS, TRUNK),
    "trunk": card("trunk", 8, TAGS, TRUNK),
    "encoder": card("encoder", 1024, NONE, TRUNK),
}


def test_builders_and_cards_name_the_same_architectures() -> None:
    assert set(BUILDERS) == set(CARDS)
    used = {model.card.architecture for model in shipped_models()}
    for recipe in (Path(__file__).parents[1] / "examples" / "recipes").glob("*.toml"):
        model = tomllib.loads(recipe.read_text(encoding="utf-8"))["model"]
        used.add(model.get("architecture", "multitask_mobilenet"))
    assert used <= set(BUILDERS)


@pytest.mark.parametrize("architecture", sorted(CARDS))
@torch.inference_mode()
def test_every_architecture_gives_unit_vectors_and_logits(architecture: str) -> None:
    torch.manual_seed(0)
    chosen = CARDS[architecture]
    network = build_model(chosen).train()
    images = torch.randn(3, 3, 64, 64)
    outputs = network(images)
    assert outputs.vectors.shape == (3, chosen.vector_width)
    assert outputs.logits.shape == (3, len(chosen.vocabulary))
    assert outputs.vectors.norm(dim=1).numpy() == pytest.approx([1] * 3, abs=1e-4)
    assert isinstance(network.get_submodule("features"), nn.Module)
    pooled = network.pooled(images)  # type: ignore[operator]
    assert pooled.dtype == torch.float32
    assert pooled.ndim == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (card("resnet", 8, TAGS), "unknown architecture"),
        (card("vgg16_attributes", 8, NONE), "without tags"),
        (card("ml_gcn", 1024, TAGS, TRUNK), "how wide its label vectors are"),
        (card("ml_gcn", 8, TAGS, {**TRUNK, "label_width": 7}), "vectors of 1024"),
        (card("basic_cnn", 8, TAGS), "vectors of 256"),
        (card("style_resnet34", 512, NONE), "style_resnet34 without tags"),
        (card("style_resnet34", 256, TAGS), "torchvision:resnet34 gives vectors of 512, not 256"),
        (card("efficientnet_attributes", 256, TAGS), "torchvision:efficientnet_b0 gives vectors of 1280, not 256"),
        (card("encoder", 8, NONE, TRUNK), "vectors of 1024"),
        (card("encoder", 1024, TAGS, TRUNK), "no tags"),
        (card("trunk", 8, TAGS), "no trunk"),
    ],
)
def test_cards_that_cannot_be_built(wrong: ModelCard, said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        build_model(wrong)


# What a network starts from


def published(monkeypatch: pytest.MonkeyPatch, tensors: Mapping[str, Tensor]) -> list[tuple[TrunkName, WeightsRequest]]:
    """Let every library publish these tensors; gives what was asked for."""
    asked = []

    def fetch(name: TrunkName, wanted: WeightsRequest) -> PretrainedTrunk:
        asked.append((name, wanted))
        return PretrainedTrunk(tensors, InputSpec(64, 64), TRUNK, "nowhere", sha256="5" * 64)

    monkeypatch.setattr(initial_weights, "fetch_trunk", fetch)
    return asked


@pytest.mark.parametrize(
    ("architecture", "library_network", "prefix"),
    [
        ("multitask_mobilenet", "mobilenet_v2", ""),
        ("triplet_resnet50", "resnet50", "features."),
        ("vgg16_attributes", "vgg16", ""),
        ("ml_gcn", "mobilenet_v3_small", "features."),
        ("style_resnet34", "mobilenet_v3_small", "features."),
        ("efficientnet_attributes", "mobilenet_v3_small", "features."),
        ("trunk", "mobilenet_v3_small", "features."),
    ],
)
def test_published_weights_arrive_in_the_trunk_and_nowhere_else(
    architecture: str, library_network: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.device("meta"):
        shapes = {
            name: each.shape for name, each in models.get_model(library_network, weights=None).state_dict().items()
        }
    tensors = {name: torch.tensor(0.5).expand(shape) for name, shape in shapes.items()}
    asked = published(monkeypatch, tensors)
    network = build_model(CARDS[architecture])
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    initial = load_initial(network, CARDS[architecture], "torchvision:IMAGENET1K_V1")
    assert asked == [(TrunkName("torchvision", library_network), WeightsRequest("IMAGENET1K_V1", size=(64, 64)))]
    trunk = [name for name in before if name.startswith("features.")]
    assert trunk
    assert initial.taken == sum(name.removeprefix(prefix) in shapes for name in trunk)
    for name, tensor in network.state_dict().items():
        if name.startswith("features."):
            assert bool((tensor == torch.full((), 0.5).to(tensor.dtype)).all())
        else:
            assert torch.equal(tensor, before[name])
    assert initial.as_options() == {"init": "torchvision:IMAGENET1K_V1", "init_sha256": "5" * 64}


@pytest.mark.filterwarnings("ignore:.*meta parameter")
def test_the_published_fully_connected_layers_of_vgg_count_at_their_width(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = card("vgg16_attributes", 4096, TAGS)
    with torch.device("meta"):
        shapes = {name: each.shape for name, each in models.vgg16(weights=None).state_dict().items()}
        network = build_model(wide)
    published(monkeypatch, {name: torch.zeros(1).expand(shape) for name, shape in shapes.items()})
    assert load_initial(network, wide, "torchvision:IMAGENET1K_V1").taken == len(shapes) - 2  # but the 1,000 classes


def test_weights_that_lack_a_part_of_the_trunk_or_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = dict(models.mobilenet_v3_small(weights=None).state_dict())
    network = build_model(CARDS["trunk"])
    published(monkeypatch, {name: each for name, each in tensors.items() if name != "features.0.0.weight"})
    with pytest.raises(WeightsError, match=r"1 of the trunk's \d+ tensors .* features\.features\.0\.0\.weight"):
        load_initial(network, CARDS["trunk"], "torchvision:DEFAULT")
    published(monkeypatch, tensors | {"features.0.1.bias": torch.full_like(tensors["features.0.1.bias"], torch.nan)})
    with pytest.raises(WeightsError, match=r"features\.features\.0\.1\.bias"):
        load_initial(network, CARDS["trunk"], "torchvision:DEFAULT")


def test_files_older_than_the_count_of_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = models.mobilenet_v3_small(weights=None).state_dict()
    published(monkeypatch, {name: each for name, each in tensors.items() if "num_batches" not in name})
    load_initial(build_model(CARDS["trunk"]), CARDS["trunk"], "torchvision:DEFAULT")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_by_the_names_of_the_library_or_of_the_network(suffix: str, tmp_path: Path) -> None:
    tensors = models.mobilenet_v3_small(weights=None).state_dict()
    for prefix in ("", "features."):
        path = tmp_path / f"file{suffix}"
        named = {prefix + name: tensor.half() for name, tensor in tensors.items()}
        save_file(named, path) if suffix == ".safetensors" else torch.save(named, path)
        network = build_model(CARDS["trunk"])
        initial = load_initial(network, CARDS["trunk"], str(path))
        assert torch.equal(network.state_dict()["features.features.0.0.weight"], tensors["features.0.0.weight"].half())
        assert initial.source == path.name
        assert initial.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("architecture", "init", "said"),
    [
        ("triplet_resnet50", "timm:DEFAULT", "torchvision:resnet50"),
        ("trunk", "open_clip:openai", "torchvision:mobilenet_v3_small"),
        ("trunk", "torchvision:IMAGENET1K_V9", "IMAGENET1K_V9"),
        ("trunk", "nowhere.safetensors", "nowhere"),
    ],
)
def test_what_does_not_fit_or_is_not_there(architecture: str, init: str, said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        load_initial(build_model(CARDS[architecture]), CARDS[architecture], init)


def test_a_network_is_built_as_its_published_weights_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, {})
    fetched = fetch_initial(CARDS["trunk"], "torchvision:DEFAULT")
    assert fetched is not None
    assert fetched.options == TRUNK
    assert fetch_initial(CARDS["trunk"], "file.safetensors") is None


def test_pixels_that_are_scaled_otherwise_than_the_weights_want(monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, {})
    other = replace(CARDS["trunk"], input=InputSpec(64, 64, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))
    with pytest.raises(WeightsError, match=r"mean \[0\.485, 0\.456, 0\.406\]") as error:
        fetch_initial(other, "torchvision:DEFAULT")
    assert error.value.hint == "--set 'model.mean=[0.485, 0.456, 0.406]' --set 'model.std=[0.229, 0.224, 0.225]'"


def test_a_file_of_half_a_network(tmp_path: Path) -> None:
    tensors = models.mobilenet_v3_small(weights=None).state_dict()
    half = {name: tensor for name, tensor in tensors.items() if name.startswith("features.0.")}
    save_file(half, tmp_path / "half.safetensors")
    with pytest.raises(WeightsError, match="are not in it"):
        load_initial(build_model(CARDS["trunk"]), CARDS["trunk"], str(tmp_path / "half.safetensors"))


def test_a_file_of_another_network(tmp_path: Path) -> None:
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="are not in it"):
        load_initial(build_model(CARDS["trunk"]), CARDS["trunk"], str(tmp_path / "a.safetensors"))


# Saving


@pytest.mark.parametrize("architecture", sorted(CARDS))
@torch.inference_mode()
def test_half_precision_hardly_turns_a_vector(architecture: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_model(CARDS[architecture])
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
            nn.init.constant_(layer.bias, 2)  # nearly linear: random layers else lead to chaos
    images = torch.randn(4, 3, 64, 64)
    network.train()(images)
    before = network.eval()(images).vectors
    save_weights(network, tmp_path / "model.safetensors")
    again = build_model(CARDS[architecture])
    load_weights(again, tmp_path / "model.safetensors")
    assert (again.eval()(images).vectors * before).sum(dim=1).min() > 0.999


def test_values_beyond_half_precision_and_shared_tensors_are_kept(tmp_path: Path) -> None:
    network = nn.Module()
    shared = torch.arange(4)
    for name, values in (
        ("large", torch.tensor([1e5, 1.0])),
        ("small", torch.tensor([1.5])),
        ("a", shared),
        ("b", shared),
    ):
        network.register_buffer(name, values)
    digest = save_weights(network, tmp_path / "model.safetensors")
    kept = load_file(tmp_path / "model.safetensors")
    assert {name: str(each.dtype) for name, each in kept.items()} == {
        "large": "torch.float32",
        "small": "torch.float16",
        "a": "torch.int64",
        "b": "torch.int64",
    }
    assert kept["large"].tolist() == [1e5, 1.0]
    assert digest == hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()


def test_an_encoder_knows_where_it_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = models.mobilenet_v3_small(weights=None).state_dict()
    published(monkeypatch, tensors)
    name = TrunkName("torchvision", "mobilenet_v3_small", "IMAGENET1K_V1")
    network, made = fetch_encoder(name, WeightsRequest())
    assert made == replace(
        CARDS["encoder"],
        name=str(name),
        summary=made.summary,
        source="nowhere",
        licence="NOASSERTION",
        options={**TRUNK, "init": str(name), "init_sha256": "5" * 64},
    )
    assert torch.equal(network.state_dict()["features.features.0.0.weight"], tensors["features.0.0.weight"])
