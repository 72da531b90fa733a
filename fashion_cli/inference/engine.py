"""What runs a model, and what reads photographs for it. Two kinds of engine; `open_engine` chooses."""

import re
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fashion_cli.data.images import MAX_PIXELS, Box, ImageReader, Photograph
from fashion_cli.errors import UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.pair import ModelPair, Models
from fashion_cli.inference.processors import processors
from fashion_cli.inference.side_by_side import SideBySide
from fashion_cli.model_cards import ONNX_FILE
from fashion_cli.outputs import Predictions
from fashion_cli.weights import Model

# From here on a GPU wins back the 3 seconds that importing torch takes. On a CPU torch never does: in fp32 it gives
# half the images/s of ONNX Runtime (107 to 235 on two cores), and bf16 turns the vectors.
CUDA_PAYS_FROM = 200


class Engine(Protocol):
    """Pixels in, vectors and scores out.

    Attributes:
        name: "onnx", or "torch" with its device.
        lanes: Batches that should be under way at once, each read and predicted by a thread of its own.
        fast_images: Whether torch is loaded, so that its JPEG decoder costs nothing to use.
    """

    name: str
    lanes: int
    fast_images: bool

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        """Predict a batch. Called from several threads at once.

        Args:
            pixels: (B, H, W, 3) uint8, fitted as the model card says.
        """
        ...


class Reader(Protocol):
    """Photographs in, what an engine takes out."""

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        """Read a photograph, or a part of it. Called from several threads at once.

        Raises:
            ImageError: If it cannot be read.
        """
        ...

    def decode(self, data: bytes, path: Path, box: Box | None = None) -> Photograph:
        """The same from the bytes of a file; `path` is what messages call it.

        Raises:
            ImageError: If it cannot be read.
        """
        ...


def open_engine(model: Models | SideBySide, options: InferenceOptions, photographs: int) -> Engine:
    """The engine that is done first with that many photographs, unless the options name one.

    Args:
        model: What to run; of several, each has an engine of its own.
        options: Engine, device and workers.
        photographs: How many are to be predicted; decides whether importing torch pays.

    Raises:
        UsageError: If the options contradict each other or name what is not there.
        WeightsError: If the weights are missing or damaged.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", options.device):
        raise UsageError(f"unknown device {options.device!r}", hint="--device auto, cpu, cuda or cuda:n")
    if isinstance(model, ModelPair):
        model = SideBySide.of(model)
    if isinstance(model, SideBySide):
        from fashion_cli.inference.joint_engine import JointEngine

        return JointEngine(model, [open_engine(each, options, photographs) for each in model.models])
    name = options.engine if options.engine != "auto" else _choose(model, options.device, photographs)
    lanes = min(options.workers or processors(), max(1, -(-photographs // options.batch_size)))
    if name == "onnx":
        if options.device not in ("auto", "cpu"):
            raise UsageError(f"--engine onnx runs on the CPU, not on {options.device}", hint="use --engine torch")
        from fashion_cli.inference.onnx_engine import OnnxEngine

        return OnnxEngine(model, lanes)
    if name != "torch":
        raise UsageError(f"unknown engine {name!r}", hint="--engine auto, onnx or torch")
    from fashion_cli.inference.torch_engine import TorchEngine

    return TorchEngine(model, options.device, lanes)


def open_reader(model: Models | SideBySide, *, fast: bool, max_pixels: int = MAX_PIXELS) -> Reader:
    """What fits photographs to a model.

    Args:
        model: What will look at them.
        fast: As in `ImageReader`.
        max_pixels: As in `ImageReader`.
    """
    if isinstance(model, ModelPair):
        model = SideBySide.of(model)
    if isinstance(model, SideBySide):
        from fashion_cli.inference.joint_engine import JointReader

        return JointReader(model, fast=fast, max_pixels=max_pixels)
    return ImageReader(model.card.input, fast=fast, max_pixels=max_pixels)


def _choose(model: Model, device: str, photographs: int) -> str:
    if not model.has(ONNX_FILE) or device.startswith("cuda"):
        return "torch"
    if device == "auto" and photographs >= CUDA_PAYS_FROM and _has_nvidia_driver():
        return "torch"
    return "onnx"


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists()
