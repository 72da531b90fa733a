"""What a teacher sees: computed once, kept, and the same whatever came between."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from fashion_cli.data.annotations import Annotation
from fashion_cli.data.images import ImageReader
from fashion_cli.data.transforms import Augmentation, fixed_view
from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import InputSpec, Vocabulary
from fashion_cli.training import teachers
from fashion_cli.training.photographs import Photographs
from fashion_cli.training.progress import Progress
from fashion_cli.training.recipe_sections import SetSection, TeacherSection
from fashion_cli.training.task import TrainingContext
from fashion_cli.training.teachers import Teacher, open_teacher, standardise, teacher_vectors
from fashion_cli.zoo import load_model

STUDENT = InputSpec(64, 48, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
AUGMENTATION = Augmentation(least_area=0.5, mirror=0.5, light=0.3, saturation=0.3, erase=0.5, jpeg=1.0)
COUNT = 5


@pytest.fixture
def photographs(tmp_path: Path) -> Photographs:
    """Five photographs, the third of them damaged."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(COUNT)]
    for path in paths:
        small = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
        small.resize((60, 90)).save(path)
    paths[2].write_bytes(b"not a photograph")
    rows = [Annotation(path, {"split": "train"}) for path in paths]
    return Photographs(Vocabulary(()), [(SetSection("m.csv"), rows)], 0)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teachers, "BLOCK", 2)


def make(model: Path, *, views: int = 3, seed: int = 7) -> Teacher:
    return open_teacher(TeacherSection(str(model), views=views), STUDENT, AUGMENTATION, seed)


def look(teacher: Teacher, photographs: Photographs, folder: Path, told: list[Progress] | None = None) -> torch.Tensor:
    report = (told if told is not None else []).append
    return teacher_vectors(teacher, photographs, TrainingContext(folder, torch.device("cpu"), report))


def test_vectors_are_those_of_the_fixed_views(photographs: Photographs, tiny_model: Path, tmp_path: Path) -> None:
    """View by view, one at a time, normalised as the teacher wants it."""
    teacher = make(tiny_model)
    assert (teacher.spec.height, teacher.spec.width) == (64, 64) or teacher.spec.height % 32 == 0
    found = look(teacher, photographs, tmp_path)
    assert (found.shape, found.dtype) == ((COUNT, 3, 16), torch.float16)
    network, card = load_model(teacher.model).eval(), teacher.model.card
    larger = InputSpec(round(teacher.spec.height * 1.15), round(teacher.spec.width * 1.15))
    plain = torch.full((COUNT, 3, 16), torch.nan)
    for row in (0, 1, 3, 4):
        pixels = torch.from_numpy(ImageReader(larger, fast=True).read(photographs.paths[row]).pixels).permute(2, 0, 1)
        for number in range(3):
            view = fixed_view(number, AUGMENTATION, (7, row)).cut(pixels, teacher.spec.height, teacher.spec.width)
            mean, std = (torch.tensor(each).view(3, 1, 1) for each in (card.input.mean, card.input.std))
            with torch.inference_mode():
                plain[row, number] = network(((view / 255 - mean) / std)[None]).vectors[0]
    known = plain[[0, 1, 3, 4]].flatten(0, 1)
    expected = F.normalize((known - known.mean(dim=0)) / known.std(dim=0, correction=0), dim=1).view(4, 3, 16)
    assert found[2].isnan().all()
    assert (found[[0, 1, 3, 4]].float() * expected).sum(dim=2).min() > 0.99


def test_it_looks_once(photographs: Photographs, tiny_model: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    first = look(make(tiny_model), photographs, tmp_path, told)
    assert [(each.step, each.steps) for each in told] == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert {each.phase for each in told} == {"teacher tiny"}
    again: list[Progress] = []
    assert torch.equal(look(make(tiny_model), photographs, tmp_path, again).nan_to_num(9), first.nan_to_num(9))
    assert again == []


def test_an_interruption_keeps_what_was_seen(photographs: Photographs, tiny_model: Path, tmp_path: Path) -> None:
    straight = look(make(tiny_model), photographs, tmp_path / "straight")

    def stop(progress: Progress) -> None:
        if progress.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        teacher_vectors(make(tiny_model), photographs, TrainingContext(tmp_path / "cut", torch.device("cpu"), stop))
    told: list[Progress] = []
    resumed = look(make(tiny_model), photographs, tmp_path / "cut", told)
    assert [each.step for each in told] == [2, 4, 5]
    assert torch.equal(resumed.nan_to_num(9), straight.nan_to_num(9))


def test_other_views_photographs_or_weights_are_looked_at_anew(
    photographs: Photographs, tiny_model: Path, untagged_model: Path
) -> None:
    same = make(tiny_model).identity_with(photographs)
    assert make(tiny_model).identity_with(photographs) == same
    others = [make(tiny_model, views=2), make(tiny_model, seed=8), make(untagged_model)]
    assert len({same, *(each.identity_with(photographs) for each in others)}) == 4
    photographs.paths[0] = photographs.paths[0].with_name("other.png")
    assert make(tiny_model).identity_with(photographs) != same


def test_a_teacher_that_is_not_there() -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        make(Path("nowhere"))


def test_standardised_vectors_agree_with_plain_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teachers, "CHUNK", 7)
    vectors = torch.randn(20, 2, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5, 0.1, 0]) + 3
    vectors[4] = torch.nan
    known = vectors[[row for row in range(20) if row != 4]].half().double().numpy()
    flat = known.reshape(-1, 4)
    scaled = (known - flat.mean(axis=0)) / np.maximum(flat.std(axis=0), 1e-6)
    expected = scaled / np.linalg.norm(scaled, axis=2, keepdims=True)
    found = standardise(vectors.half())
    assert found[4].isnan().all()
    assert found[[row for row in range(20) if row != 4]].numpy() == pytest.approx(expected, abs=2e-3)
