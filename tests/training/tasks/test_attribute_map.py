"""The map is learned by the one loop: like garments lie together, the plane is used, a seed gives one map."""

import numpy as np
import pytest
import torch

from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.attribute_map import decode, place
from fashion_cli.training import map_training
from fashion_cli.training.progress import Progress
from fashion_cli.training.tasks import attribute_map as task_module
from fashion_cli.training.tasks.attribute_map import AttributeMapTask, MapBatches

VOCABULARY = Vocabulary(
    (
        TagGroup("category", ("dress", "shirt", "shoes"), exclusive=True),
        TagGroup("colour", ("red", "green"), exclusive=True),
    )
)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "EPOCHS", 2)
    monkeypatch.setattr(task_module, "STEPS", 60)
    monkeypatch.setattr(task_module, "BATCH", 128)


def garments(rows: int = 240) -> np.ndarray:
    """Six kinds of garment, each answer 0.9 sure."""
    kinds = np.arange(rows) % 6
    category, colour = np.full((rows, 3), 0.05), np.full((rows, 2), 0.1)
    category[np.arange(rows), kinds % 3] = 0.9
    colour[np.arange(rows), kinds // 3] = 0.9
    noise = np.random.default_rng(0).uniform(0, 0.02, (rows, 5))
    return (np.concatenate([category, colour], axis=1) + noise).astype(np.float32)


def learn(seed: int = 0, attributes: np.ndarray | None = None):
    told: list[Progress] = []
    attributes = garments() if attributes is None else attributes
    return *map_training.learn_map(attributes, VOCABULARY, seed, told.append), told


def test_places_tell_the_kind_and_fill_the_plane() -> None:
    attributes = garments()
    tensors, figures, told = learn(attributes=attributes)
    assert figures == {"agreement": 1.0, "agreement/category": 1.0, "agreement/colour": 1.0}
    assert told[-1].step == told[-1].steps == 120
    places = place(tensors, attributes)
    kinds = np.arange(len(places)) % 6
    middles = np.stack([places[kinds == kind].mean(axis=0) for kind in range(6)])
    distances = np.linalg.norm(places[:, None] - middles, axis=2)
    assert (distances.argmin(axis=1) == kinds).mean() > 0.95
    assert (np.ptp(places, axis=0) > 0.7).all()
    shown = decode(tensors, places, VOCABULARY)
    assert (shown[:, :3].argmax(axis=1) == attributes[:, :3].argmax(axis=1)).all()


def test_a_seed_gives_one_map_whatever_was_drawn_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "STEPS", 10)
    first, _, _ = learn(seed=3)
    torch.rand(17)
    np.random.default_rng().random(3)
    second, _, _ = learn(seed=3)
    third, _, _ = learn(seed=4)
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != third[name]).any() for name in first)


def test_batches_are_those_of_their_numbers() -> None:
    batches = MapBatches(torch.from_numpy(garments()), seed=1)
    one, again, other = (batches.__getitems__([number]) for number in (4, 4, 5))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.shift, other.shift)
    assert torch.allclose(one.directions.norm(dim=1), torch.ones(len(one.directions)))
    assert ((one.even >= 0) & (one.even < 1)).all()


def test_figures_are_a_count_of_best_tags() -> None:
    attributes = garments(30)
    task = AttributeMapTask(attributes, VOCABULARY, seed=0)
    figures = task.validate(task.network)
    tensors = {name: value.numpy() for name, value in task.network.state_dict().items()}
    shown = decode(tensors, place(tensors, attributes), VOCABULARY)
    for name, window in VOCABULARY.columns.items():
        right = 0
        for row in range(30):
            right += int(np.argmax(shown[row, window]) == np.argmax(attributes[row, window]))
        assert figures[f"agreement/{name}"] == pytest.approx(right / 30)


def test_threads_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "STEPS", 3)
    before = torch.get_num_threads()
    learn()
    assert torch.get_num_threads() == before
