"""The autoencoder and what it is trained with, against arithmetic written out; what numpy and torch make of it."""

import math

import numpy as np
import pytest
import torch

from fashion_cli.losses.attribute_map import sliced_wasserstein, soft_cross_entropy
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.models.attribute_map import AttributeAutoencoder
from fashion_cli.retrieval.attribute_map import decode, directions, place

VOCABULARY = Vocabulary(
    (
        TagGroup("colour", ("red", "green", "blue"), exclusive=True),
        TagGroup("detail", ("lace", "belt"), exclusive=False),
    )
)


def drawn(rows: int, seed: int = 0) -> np.ndarray:
    """Attribute vectors: a distribution over three colours, and two probabilities."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.dirichlet([0.3] * 3, rows), rng.random((rows, 2))], axis=1).astype(np.float32)


def test_numpy_places_and_decodes_as_torch_does() -> None:
    torch.manual_seed(0)
    network = AttributeAutoencoder(5, width=16).eval()
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    attributes = drawn(20)
    with torch.no_grad():
        places = network.encode(torch.from_numpy(attributes))
        logits = network.decode(places)
        answers = torch.cat([logits[:, :3].softmax(dim=1), logits[:, 3:].sigmoid()], dim=1)
    assert ((places >= 0) & (places <= 1)).all()
    np.testing.assert_allclose(place(tensors, attributes), places.numpy(), atol=1e-6)
    np.testing.assert_allclose(decode(tensors, places.numpy(), VOCABULARY), answers.numpy(), atol=1e-6)


def test_the_shift_moves_what_is_decoded_and_not_the_place() -> None:
    torch.manual_seed(0)
    network = AttributeAutoencoder(5, width=16).eval()
    attributes, shift = torch.from_numpy(drawn(4)), torch.full((4, 2), 0.1)
    places, logits = network(attributes, shift)
    assert torch.equal(places, network.encode(attributes))
    assert torch.equal(logits, network.decode(places + shift))


def test_soft_cross_entropy_adds_up_questions() -> None:
    attributes, logits = drawn(6), np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
    found = soft_cross_entropy(torch.from_numpy(logits), torch.from_numpy(attributes), VOCABULARY.groups)
    for row in range(6):
        total = 0.0
        norm = sum(math.exp(logits[row, tag]) for tag in range(3))
        for tag in range(3):
            total -= attributes[row, tag] * math.log(math.exp(logits[row, tag]) / norm)
        for tag in (3, 4):
            yes = 1 / (1 + math.exp(-logits[row, tag]))
            total -= attributes[row, tag] * math.log(yes) + (1 - attributes[row, tag]) * math.log(1 - yes)
        assert float(found[row]) == pytest.approx(total, rel=1e-4)


def test_sliced_wasserstein_is_the_distance_of_points_in_order_seen_from_each_side() -> None:
    rng = np.random.default_rng(2)
    places, even = rng.random((7, 2), np.float32), rng.random((7, 2), np.float32)
    sides = [(math.cos(angle), math.sin(angle)) for angle in (0.2, 1.3, 2.9)]
    expected = []
    for x, y in sides:
        seen = sorted(x * a + y * b for a, b in places.tolist())
        wanted = sorted(x * a + y * b for a, b in even.tolist())
        expected += [(one - other) ** 2 for one, other in zip(seen, wanted, strict=True)]
    found = sliced_wasserstein(torch.from_numpy(places), torch.from_numpy(even), torch.tensor(sides))
    assert float(found) == pytest.approx(sum(expected) / len(expected), rel=1e-4)
    assert (
        float(sliced_wasserstein(torch.from_numpy(places), torch.from_numpy(places[::-1].copy()), torch.tensor(sides)))
        == 0
    )


def test_the_cosine_of_directions_is_the_mean_coefficient_of_bhattacharyya() -> None:
    one, other = drawn(2, seed=3)
    first, second = directions(np.stack([one, other]), VOCABULARY)
    colours = sum(math.sqrt(one[tag] * other[tag]) for tag in range(3))
    details = [math.sqrt(one[tag] * other[tag]) + math.sqrt((1 - one[tag]) * (1 - other[tag])) for tag in (3, 4)]
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    assert cosine == pytest.approx((colours + sum(details)) / 3, abs=1e-6)
