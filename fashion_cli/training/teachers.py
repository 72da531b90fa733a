"""Teachers for distillation: their vectors of a few fixed views of every training photograph.

Beyer et al., Knowledge distillation: a good teacher is patient and consistent (CVPR 2022): teacher and student have to
see the same part of a photograph. Few fixed views are enough for that, and a teacher looks at each only once.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fashion_cli.data.datasets import MARGIN
from fashion_cli.data.features.view_vectors import Vectors, VectorShape, read_view_vectors, writing_view_vectors
from fashion_cli.data.images import ImageReader
from fashion_cli.data.transforms import Augmentation, fixed_view
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.inference.processors import processors
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.model_cards import InputSpec
from fashion_cli.training.interruption import Interruption
from fashion_cli.training.photographs import Photographs
from fashion_cli.training.processes import has_bf16
from fashion_cli.training.progress import ImageRate, Progress
from fashion_cli.training.recipe_sections import TeacherSection
from fashion_cli.training.task import TrainingContext
from fashion_cli.weights import Model, open_model
from fashion_cli.zoo import load_model

BLOCK = 16  # photographs that a teacher looks at in one go, each in all its views
MULTIPLE = 32  # pixels: what most networks halve their input down to
NAMING_PARTS = 4  # of a path that tell a photograph from others, wherever the set lies
CHUNK = 1 << 14  # vectors that are standardised at once
FOLDER = "teachers"  # in the directory of a run


@dataclass(frozen=True)
class Teacher:
    """A model that training learns from, and the views of photographs that it is shown.

    Attributes:
        section: The teacher in the recipe.
        model: Its directory.
        spec: How photographs are shown to it: in the student's frame.
        augmentation: Of the views.
        seed: Of the views.
    """

    section: TeacherSection
    model: Model
    spec: InputSpec
    augmentation: Augmentation
    seed: int

    @property
    def width(self) -> int:
        """D of its vectors."""
        return self.model.card.vector_width

    @property
    def identity(self) -> str:
        """Differs where its vectors would."""
        card, views = self.model.card, (self.section.views, self.augmentation.least_area, self.augmentation.mirror)
        return repr([card.architecture, card.options, card.weights_sha256, self.spec, self.seed, *views])

    def identity_with(self, photographs: Photographs) -> str:
        """Differs where vectors of these photographs would."""
        digest = hashlib.sha256(self.identity.encode())
        for row, path in enumerate(photographs.paths):
            name = "/".join(path.parts[-NAMING_PARTS:])
            digest.update(f"{name}\0{photographs.boxes.get(row)}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def views(self, image: Tensor, row: int) -> Tensor:
        """(3, H, W) uint8 photograph of a row -> (V, 3, H', W') uint8."""
        views = [fixed_view(number, self.augmentation, (self.seed, row)) for number in range(self.section.views)]
        return torch.stack([view.cut(image, self.spec.height, self.spec.width) for view in views])


def open_teacher(section: TeacherSection, student: InputSpec, augmentation: Augmentation, seed: int) -> Teacher:
    """A teacher of a recipe.

    Args:
        section: The teacher in the recipe.
        student: The input of the network that learns.
        augmentation: Of the views.
        seed: Of the views.

    Raises:
        WeightsError: If there is no such model.
    """
    model = open_model(section.model)
    return Teacher(section, model, _in_frame_of(student, model.card.input, section.scale), augmentation, seed)


def teacher_vectors(teacher: Teacher, photographs: Photographs, run: TrainingContext) -> Tensor:
    """A teacher's vectors of the fixed views, standardised over all of them; computed once and kept.

    A call that was cut off goes on where it ended. A damaged file is computed again.

    Args:
        teacher: What looks.
        photographs: N training photographs.
        run: Where vectors are kept, what computes them, and whom to tell how far it is.

    Returns:
        (N, V, D) fp16 of unit length; NaN where a photograph cannot be read.

    Raises:
        FeatureFileError: If another process has the file.
        KeyboardInterrupt: After SIGINT or SIGTERM, when what was computed is kept.
        OutputError: If vectors cannot be kept.
        WeightsError: If the model's weights are missing or damaged.
    """
    shape = (len(photographs.paths), teacher.section.views, teacher.width)
    identity = teacher.identity_with(photographs)
    name = re.sub(r"[^\w.-]+", "-", teacher.model.card.name)
    path = run.directory / FOLDER / f"{name}-{identity[:12]}.h5"
    vectors = read_view_vectors(path, identity, shape)
    if vectors is None:
        _compute(teacher, photographs, run, path, identity, shape)
        vectors = read_view_vectors(path, identity, shape)
    if vectors is None:
        raise RuntimeError(f"{path}: written, and cannot be read")
    return standardise(torch.from_numpy(vectors))


def standardise(vectors: Tensor) -> Tensor:
    """Each dimension with mean 0 and deviation 1 over all rows that are known, then each row with length 1; in place.

    Unit vectors of a classifier's features share one large direction; without it their angles say more.

    Args:
        vectors: (N, V, D) fp16; rows with NaN are not known.
    """
    chunks = torch.split(vectors.view(-1, vectors.shape[2]), CHUNK)  # parts of it, not copies
    count, total, squares = 0, torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for chunk in chunks:
        valid = chunk[chunk.isfinite().all(dim=1)].double()
        count += len(valid)
        total, squares = total + valid.sum(dim=0), squares + valid.square().sum(dim=0)
    mean = total / max(1, count)
    std = (squares / max(1, count) - mean.square()).clamp(min=0).sqrt().clamp(min=1e-6)
    for chunk in chunks:
        chunk.copy_(F.normalize((chunk.float() - mean.float()) / std.float(), dim=1))
    return vectors


def _in_frame_of(student: InputSpec, teacher: InputSpec, scale: float) -> InputSpec:
    """The teacher's number of pixels, times a scale, in the shape of the student's input."""
    side = math.sqrt(teacher.height * teacher.width * scale / (student.height * student.width))
    height, width = (max(1, round(each * side / MULTIPLE)) * MULTIPLE for each in (student.height, student.width))
    return replace(student, height=height, width=width, mean=teacher.mean, std=teacher.std)


def _compute(
    teacher: Teacher, photographs: Photographs, run: TrainingContext, path: Path, identity: str, shape: VectorShape
) -> None:
    """Fill the file, from where it ends."""
    interruption, rate = Interruption(), ImageRate()
    progress = Progress(0, shape[0], 0, 1, phase=f"teacher {teacher.model.card.name}")
    with interruption.catching(), writing_view_vectors(path, identity, shape) as file:
        run.report(replace(progress, step=file.done))
        rate.start()
        for block in _blocks(teacher, photographs, range(file.done, shape[0]), run.device):
            file.append(block)
            seen = rate.add(block.shape[0] * block.shape[1])
            run.report(replace(progress, step=file.done, images_per_second=round(seen, 1)))
            if interruption.is_requested:
                raise KeyboardInterrupt


def _blocks(teacher: Teacher, photographs: Photographs, rows: range, device: torch.device) -> Iterator[Vectors]:
    """(B, V, D) of the photographs of some rows, block by block; the next ones are read meanwhile."""
    frame = teacher.spec
    larger = replace(frame, height=round(frame.height * MARGIN), width=round(frame.width * MARGIN))
    reader = ImageReader(larger, fast=True)
    network = _prepare(load_model(teacher.model), device)
    starts = rows[::BLOCK]
    with ThreadPoolExecutor(processors()) as threads:

        def read(start: int) -> Iterator[Tensor | None]:
            own = range(start, min(start + BLOCK, rows.stop))
            return threads.map(lambda row: _read_views(reader, teacher, photographs, row), own)

        following = read(starts[0]) if starts else None
        for start in starts:
            views = list(following or ())
            following = read(start + BLOCK) if start + BLOCK < rows.stop else None
            yield _vectors_of(network, views, teacher, device)


def _prepare(network: nn.Module, device: torch.device) -> nn.Module:
    for name, child in network.named_children():
        setattr(network, name, fuse_module(child))
    return network.eval().to(device).to(memory_format=torch.channels_last)


@torch.inference_mode()
def _vectors_of(network: nn.Module, views: Sequence[Tensor | None], teacher: Teacher, device: torch.device) -> Vectors:
    """(B, V, D) of the (V, 3, H, W) views of B photographs; NaN where there are none."""
    block = np.full((len(views), teacher.section.views, teacher.width), np.nan, np.float16)
    readable = [place for place, each in enumerate(views) if each is not None]
    if readable:
        mean, std = (torch.tensor(each, device=device).view(3, 1, 1) for each in (teacher.spec.mean, teacher.spec.std))
        images = torch.cat([each for each in views if each is not None]).to(device).float() / 255
        images = ((images - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device)):
            vectors: Tensor = network(images).vectors
        block[readable] = vectors.half().cpu().numpy().reshape(len(readable), teacher.section.views, teacher.width)
    return block


def _read_views(reader: ImageReader, teacher: Teacher, photographs: Photographs, row: int) -> Tensor | None:
    """(V, 3, H, W) uint8 of a photograph; None where it cannot be read."""
    try:
        pixels: npt.NDArray[np.uint8] = reader.read(photographs.paths[row], photographs.boxes.get(row)).pixels
    except (ImageError, UsageError):  # damaged, or a published box reaches beyond it
        return None
    return teacher.views(torch.from_numpy(pixels).permute(2, 0, 1), row)
