"""The shipped architecture against plain loops: which features make the vector and which the tags."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models import mobilenet_v2

from fashion_cli.layers.fusion import fuse_module
from fashion_cli.models.multitask_mobilenet import BLOCK_WIDTHS, FEATURE_WIDTH, MultitaskMobileNet

BLOCKS = (10, 17, 3)  # in any order


@pytest.fixture(scope="module")
def network() -> MultitaskMobileNet:
    torch.manual_seed(0)
    return MultitaskMobileNet(vector_width=5, tags=3, tag_blocks=BLOCKS).eval()


@torch.inference_mode()
def test_tags_see_the_chosen_blocks_and_vectors_the_last_maps_alone(
    network: MultitaskMobileNet, drawings: Tensor
) -> None:
    images = drawings[:2]
    maps, means = images, []
    for number, block in enumerate(network.features.children()):
        maps = block(maps)
        if number in BLOCKS:
            means.append([[float(channel.mean()) for channel in image] for image in maps])
    last = [[float(channel.mean()) for channel in image] for image in maps]
    seen = np.array([[*means[0][row], *means[1][row], *means[2][row], *last[row]] for row in range(2)])

    assert network.pooled(images).numpy() == pytest.approx(seen, abs=1e-5)
    outputs = network(images)
    assert network.tag_head is not None
    weights, biases = network.tag_head.weight.numpy(), network.tag_head.bias.numpy()
    assert outputs.logits.numpy() == pytest.approx(seen @ weights.T + biases, abs=1e-4)
    vectors = np.array(last) @ network.vector_head.weight.numpy().T + network.vector_head.bias.numpy()
    vectors /= np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    assert outputs.vectors.numpy() == pytest.approx(vectors, abs=1e-5)


@torch.inference_mode()
def test_the_widths_of_the_blocks(drawings: Tensor) -> None:
    maps, widths = drawings[:1], []
    for block in mobilenet_v2(weights=None).eval().features:
        maps = block(maps)
        widths.append(maps.shape[1])
    assert (*BLOCK_WIDTHS, FEATURE_WIDTH) == tuple(widths)


def test_the_tensors_have_the_names_of_torchvision() -> None:
    published = {name for name in mobilenet_v2(weights=None).state_dict() if name.startswith("features.")}
    own = MultitaskMobileNet(4, 0, BLOCKS).state_dict()
    assert set(own) == published | {"vector_head.weight", "vector_head.bias"}


@torch.inference_mode()
def test_batch_norm_can_be_fused_away(network: MultitaskMobileNet, drawings: Tensor) -> None:
    simpler = fuse_module(network.features)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in simpler.modules())
    assert torch.allclose(simpler(drawings), network.features(drawings), atol=1e-4)
