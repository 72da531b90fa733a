"""EfficientNet-Lite0 against timm's, which runs published weights exactly."""

from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from fashion_cli.inference.onnx_export import export_onnx
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.models.multitask_efficientnet_lite import BLOCK_WIDTHS, FEATURE_WIDTH, MultitaskEfficientNetLite
from fashion_cli.weights import open_model
from fashion_cli.zoo import save_weights

timm = pytest.importorskip("timm", reason="the extra `encoders` is not installed")

BLOCKS = (10, 3)
TAGS = Vocabulary((TagGroup("colour", ("red", "blue", "green"), exclusive=True),))


@pytest.fixture(scope="module")
def published() -> Any:
    """timm's network with random weights and random batch-norm statistics."""
    torch.manual_seed(0)
    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.uniform_(layer.running_mean, -0.3, 0.3)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.8, 1.2)
            nn.init.uniform_(layer.bias, -0.2, 0.4)
    return network


@pytest.fixture(scope="module")
def network(published: Any) -> MultitaskEfficientNetLite:
    network = MultitaskEfficientNetLite(vector_width=5, tags=3, tag_blocks=BLOCKS).eval()
    network.features.load_state_dict(published.state_dict())
    return network


@pytest.mark.parametrize("size", [(64, 48), (75, 53), (33, 64)])
@torch.inference_mode()
def test_it_gives_what_timm_gives_at_even_and_odd_sizes(
    network: MultitaskEfficientNetLite, published: Any, size: tuple[int, int]
) -> None:
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    expected = published(images)
    assert expected.std() > 1e-3
    assert torch.allclose(network.pooled(images)[:, -FEATURE_WIDTH:], expected, atol=1e-5)


@torch.inference_mode()
def test_tags_see_the_chosen_blocks_and_vectors_the_last_maps_alone(
    network: MultitaskEfficientNetLite, published: Any, drawings: Tensor
) -> None:
    images = drawings[:2]
    maps = published.bn1(published.conv_stem(images))
    means, widths = {}, []
    for number, block in enumerate(block for stage in published.blocks for block in stage):
        maps = block(maps)
        means[number] = maps.mean(dim=(2, 3))
        widths.append(maps.shape[1])
    last = published(images)
    assert tuple(widths) == BLOCK_WIDTHS
    seen = torch.cat([means[3], means[10], last], dim=1)
    assert torch.allclose(network.pooled(images), seen, atol=1e-5)
    outputs = network(images)
    assert network.tag_head is not None
    assert torch.allclose(outputs.logits, seen @ network.tag_head.weight.T + network.tag_head.bias, atol=1e-4)
    vectors = last @ network.vector_head.weight.T + network.vector_head.bias
    assert torch.allclose(outputs.vectors, vectors / vectors.norm(dim=1, keepdim=True), atol=1e-5)


@torch.inference_mode()
def test_batch_norm_can_be_fused_away(network: MultitaskEfficientNetLite, drawings: Tensor) -> None:
    simpler = fuse_module(network.features)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in simpler.modules())
    for images in (drawings[:2], drawings[:2, :, :33, :47]):  # sizes that the trace has not seen
        assert torch.allclose(simpler(images), network.features(images), atol=1e-4)


def test_its_onnx_file_pads_inside_its_convolutions_alone(network: MultitaskEfficientNetLite, tmp_path: Path) -> None:
    """`export_onnx` itself refuses a file that is not the same function; here it is what makes it fast."""
    card = ModelCard(
        name="lite",
        architecture="multitask_efficientnet_lite",
        summary="",
        source="",
        licence="CC0-1.0",
        vector_width=5,
        input=InputSpec(64, 48),
        vocabulary=TAGS,
        options={"tag_blocks": list(BLOCKS)},
        files={SAFETENSORS_FILE: save_weights(network, tmp_path / SAFETENSORS_FILE)},
    )
    card.write(tmp_path / CARD_FILE)
    export_onnx(open_model(tmp_path))
    graph = onnx.load(tmp_path / ONNX_FILE).graph
    kinds = [node.op_type for node in graph.node]
    assert "BatchNormalization" not in kinds
    padded = [node for node in graph.node if node.op_type == "Pad"]
    consumers = {name: node.op_type for node in graph.node for name in node.input}
    assert {consumers[node.output[0]] for node in padded} <= {"Conv"}
