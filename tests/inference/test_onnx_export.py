"""The exported file does what torch does, alone, for any batch."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from fashion_cli.errors import WeightsError
from fashion_cli.inference import onnx_export
from fashion_cli.inference.deployed_model import DeployedModel
from fashion_cli.inference.onnx_engine import OnnxEngine
from fashion_cli.model_cards import ONNX_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.weights import Model, open_model
from fashion_cli.zoo import build_model, load_model, save_weights

PATH_OF_THIS_PROJECT = str(Path(onnx_export.__file__).parents[2]).encode()


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Model:
    return open_model(tiny_model)


@pytest.fixture(scope="module")
def session(model: Model) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.file(ONNX_FILE), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_agrees_with_torch_for_any_batch(model: Model, session: onnxruntime.InferenceSession, batch: int) -> None:
    pixels = np.random.default_rng(batch).integers(0, 256, (batch, 64, 48, 3), np.uint8)
    vectors, scores = session.run(["vectors", "scores"], {"pixels": pixels})
    with torch.inference_mode():
        expected, expected_scores = DeployedModel(load_model(model), model.card)(torch.from_numpy(pixels))
    assert vectors.dtype == scores.dtype == np.float32
    assert (vectors * expected.numpy()).sum(axis=1).min() > 0.999999
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(batch), abs=1e-5)
    assert scores == pytest.approx(expected_scores.numpy(), abs=1e-5)


def test_inputs_and_outputs(session: onnxruntime.InferenceSession) -> None:
    (pixels,) = session.get_inputs()
    assert (pixels.name, pixels.type, pixels.shape) == ("pixels", "tensor(uint8)", ["batch", 64, 48, 3])
    outputs = {each.name: (each.type, each.shape) for each in session.get_outputs()}
    assert outputs == {
        "vectors": ("tensor(float)", ["batch", 16]),
        "scores": ("tensor(float)", ["batch", 7]),
    }


def test_the_file_stands_alone_and_names_no_place_on_this_machine(model: Model) -> None:
    path = model.file(ONNX_FILE)
    graph = onnx.load(path, load_external_data=False)
    onnx.checker.check_model(graph, full_check=True)
    assert all(tensor.data_location == TensorProto.DEFAULT for tensor in graph.graph.initializer)
    assert PATH_OF_THIS_PROJECT not in path.read_bytes()
    assert b"site-packages" not in path.read_bytes()


def test_batch_norm_is_folded_and_weights_are_halved(model: Model) -> None:
    graph = onnx.load(model.file(ONNX_FILE)).graph
    assert "BatchNormalization" not in {node.op_type for node in graph.node}
    sizes = {TensorProto.FLOAT: 0, TensorProto.FLOAT16: 0}
    for tensor in graph.initializer:
        if tensor.data_type in sizes:
            sizes[tensor.data_type] += numpy_helper.to_array(tensor).size
    assert sizes[TensorProto.FLOAT16] > 50 * sizes[TensorProto.FLOAT]


def test_another_network_is_told_apart(model: Model) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        other = DeployedModel(build_model(model.card).eval(), model.card)
    with pytest.raises(WeightsError, match="differs from the network"):
        onnx_export._compare(model.file(ONNX_FILE), other, model.card.input)


HALVES = np.random.default_rng(0).normal(size=(20, 5, 3, 3)).astype(np.float16).astype(np.float32)
FACTORS = np.linspace(-1, 3e-5, 20, dtype=np.float32).reshape(20, 1, 1, 1)
ZERO_CHANNEL = np.where(np.arange(20)[:, None, None, None] == 3, np.float32(0), HALVES)


@pytest.mark.parametrize(
    ("before", "weights", "halved"),
    [
        (HALVES, HALVES, True),
        (HALVES, HALVES * FACTORS, True),
        (ZERO_CHANNEL, ZERO_CHANNEL * FACTORS, True),
        (HALVES[:2, :2], HALVES[:2, :2], False),  # too small to be worth a cast
        (HALVES * np.float32(1.0001), HALVES, False),  # not saved in half precision
        (HALVES, HALVES + np.float32(0.001), False),  # not a multiple
        (HALVES[::-1], HALVES, False),
    ],
    ids=["same", "scaled", "zero channel", "small", "not halves", "shifted", "mixed up"],
)
def test_only_exact_products_of_halves_are_stored_so(before: np.ndarray, weights: np.ndarray, halved: bool) -> None:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, weights.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, weights.shape)],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx_export._halve_weights(graph, {"w": before})
    assert (graph.initializer[0].data_type == TensorProto.FLOAT16) == halved
    document = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
    session = onnxruntime.InferenceSession(document.SerializeToString())
    (found,) = session.run(None, {"x": np.zeros_like(weights)})
    assert found == pytest.approx(weights, rel=2e-5, abs=1e-12)


def test_the_card_forgets_a_file_while_it_is_replaced(model: Model, tmp_path: Path) -> None:
    onnx_export._record(tmp_path, model.card, None)
    assert ONNX_FILE not in ModelCard.read(tmp_path / "card.json").files
    onnx_export._record(tmp_path, model.card, "0" * 64)
    assert ModelCard.read(tmp_path / "card.json").files[ONNX_FILE] == "0" * 64


SMALL = "torchvision:mobilenet_v3_small"  # its first blocks
FULL_SIZE = pytest.mark.campaign  # as large as in the papers: half a minute of export each
TAGS = Vocabulary((TagGroup("colour", ("red", "blue"), exclusive=True), TagGroup("detail", ("zip",), exclusive=False)))


@pytest.mark.parametrize(
    ("architecture", "vector_width", "trunk", "vocabulary"),
    [
        pytest.param("triplet_resnet50", 8, "", Vocabulary(()), marks=FULL_SIZE),
        pytest.param("vgg16_attributes", 8, "", TAGS, marks=FULL_SIZE),
        pytest.param("style_resnet34", 512, "", TAGS, marks=FULL_SIZE),
        pytest.param("efficientnet_attributes", 1280, "", TAGS, marks=FULL_SIZE),
        ("efficientnet_attributes", 24, SMALL, TAGS),
        pytest.param("trunk", 8, "torchvision:efficientnet_b0", TAGS, marks=FULL_SIZE),
        ("trunk", 8, "torchvision:resnet18", TAGS),
        ("encoder", 64, "timm:test_vit", Vocabulary(())),
        pytest.param("encoder", 256, "open_clip:ViT-S-32-alt", Vocabulary(()), marks=FULL_SIZE),
    ],
)
def test_every_kind_of_network_is_exported(
    architecture: str, vector_width: int, trunk: str, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    library = trunk.partition(":")[0]
    if library in ("timm", "open_clip"):
        pytest.importorskip(library, reason="the extra `encoders` is not installed")
    card = ModelCard(
        name="a model",
        architecture=architecture,
        summary="",
        source="",
        licence="CC0-1.0",
        vector_width=vector_width,
        input=InputSpec(64, 96),
        vocabulary=vocabulary,
        options={"trunk": trunk, **({"config": {"until": "features.3.add"}} if trunk == SMALL else {})},
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = build_model(card)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
                nn.init.constant_(layer.bias, 1)
        network.train()(torch.randn(4, 3, 64, 96))
    digest = save_weights(network.eval(), tmp_path / SAFETENSORS_FILE)
    card = ModelCard(**{**vars(card), "files": {SAFETENSORS_FILE: digest}})
    card.write(tmp_path / "card.json")
    written = onnx_export.export_onnx(Model(tmp_path, card))
    assert written.size < 1.1 * (tmp_path / SAFETENSORS_FILE).stat().st_size + 200_000  # halves there too

    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 96, 3), np.uint8)
    predictions = OnnxEngine(open_model(tmp_path), 1).predict(pixels)
    with torch.inference_mode():
        vectors, scores = DeployedModel(load_model(open_model(tmp_path)), card)(torch.from_numpy(pixels))
    assert (predictions.vectors * vectors.numpy()).sum(axis=1).min() > 0.9999
    assert predictions.scores.shape == (5, len(vocabulary))
    assert predictions.scores == pytest.approx(scores.numpy(), abs=1e-3)


def test_what_torch_cannot_export_says_so(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: DeployedModel, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if pixels.float().sum() > 3:  # not known before it runs
            return pixels.float(), pixels.float()
        return pixels.float() + 1, pixels.float()

    monkeypatch.setattr(DeployedModel, "forward", forward)
    with pytest.raises(WeightsError, match="cannot export") as raised:
        onnx_export.traced_graph(DeployedModel(load_model(model), model.card), model.card.input)
    assert "--engine torch" in raised.value.hint
