"""Open what runs a model, and what reads photographs for it: ONNX Runtime, torch, or several of them at once."""

import re
from pathlib import Path

from fashion_cli.data.images import MAX_PIXELS, ImageReader
from fashion_cli.errors import UsageError
from fashion_cli.inference.engine import Engine, Reader
from fashion_cli.inference.multi_engine import MultiEngine, MultiReader
from fashion_cli.inference.multi_model import Models, MultiModel
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.processors import processors
from fashion_cli.model_cards import ONNX_FILE
from fashion_cli.weights import Model

# From here on a GPU wins back the 3 seconds that importing torch takes. On a CPU torch never does: in fp32 it gives
# half the images/s of ONNX Runtime (107 to 235 on two cores), and bf16 turns the vectors.
CUDA_PAYS_FROM = 200


def open_engine(model: Models, options: InferenceOptions, photographs: int) -> Engine:
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
    if isinstance(model, MultiModel):
        return MultiEngine(model, [open_engine(each, options, photographs) for each in model.models])
    name = options.engine if options.engine != "auto" else _choose(model, options.device, photographs)
    num_threads = min(options.workers or processors(), max(1, -(-photographs // options.batch_size)))
    if name == "onnx":
        if options.device not in ("auto", "cpu"):
            raise UsageError(f"--engine onnx runs on the CPU, not on {options.device}", hint="use --engine torch")
        from fashion_cli.inference.onnx_engine import OnnxEngine

        return OnnxEngine(model, num_threads)
    if name != "torch":
        raise UsageError(f"unknown engine {name!r}", hint="--engine auto, onnx or torch")
    from fashion_cli.inference.torch_engine import TorchEngine

    return TorchEngine(model, options.device, num_threads)


def open_reader(model: Models, *, fast: bool, max_pixels: int = MAX_PIXELS) -> Reader:
    """What fits photographs to a model.

    Args:
        model: What will look at them.
        fast: As in `ImageReader`.
        max_pixels: As in `ImageReader`.
    """
    if isinstance(model, MultiModel):
        return MultiReader(model, fast=fast, max_pixels=max_pixels)
    return ImageReader(model.card.input, fast=fast, max_pixels=max_pixels)


def _choose(model: Model, device: str, photographs: int) -> str:
    if not model.has(ONNX_FILE) or device.startswith("cuda"):
        return "torch"
    if device == "auto" and photographs >= CUDA_PAYS_FROM and _has_nvidia_driver():
        return "torch"
    return "onnx"


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists()
