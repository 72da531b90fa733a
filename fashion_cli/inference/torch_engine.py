"""Torch: for CUDA, and for models without an ONNX file."""

from contextlib import nullcontext
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from fashion_cli.errors import UsageError
from fashion_cli.inference.deployed_model import DeployedModel
from fashion_cli.inference.processors import processors
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.outputs import Predictions
from fashion_cli.weights import Model
from fashion_cli.zoo import load_model

CUDA_READERS = 4  # threads per processor: a GPU waits for photographs, not the other way round


class TorchEngine:
    """The model's network, its batch norm fused into the convolutions, its trunk in half precision on a GPU.

    Args:
        model: Has `model.safetensors`.
        device: "auto", "cpu", "cuda" or "cuda:n".
        num_threads: Batches under way at once. On a CPU each runs on one processor: light networks lose a quarter of
            their speed to threads that wait for each other.

    Raises:
        UsageError: If the device is not there.
        WeightsError: If the weights are missing or damaged.
    """

    fast_images = True

    def __init__(self, model: Model, device: str, num_threads: int) -> None:
        self.device = _find_device(device)
        self.name = f"torch ({self.device})"
        on_cpu = self.device.type == "cpu"
        self.num_threads = num_threads if on_cpu else num_threads * CUDA_READERS
        if on_cpu:
            torch.set_num_threads(1 if num_threads > 1 else min(torch.get_num_threads(), processors()))
        self._turn = nullcontext() if on_cpu else Lock()
        network = load_model(model)
        for name, child in network.named_children():
            simpler = fuse_module(child)
            setattr(network, name, simpler.to(_trunk_type(self.device)) if _has_convolutions(child) else simpler)
        deployed = DeployedModel(network, model.card).eval()
        self._deployed = deployed.to(self.device).to(memory_format=torch.channels_last)

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        batch = torch.from_numpy(pixels)
        if self.device.type == "cuda":
            batch = batch.pin_memory()
        with self._turn, torch.inference_mode():
            vectors, scores = self._deployed(batch.to(self.device, non_blocking=True))
            return Predictions(vectors.cpu().numpy(), scores.cpu().numpy())


def _find_device(name: str) -> torch.device:
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
    except RuntimeError:
        raise UsageError(f"unknown device {name!r}", hint="--device auto, cpu, cuda or cuda:n") from None
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"unknown device {name!r}", hint="--device auto, cpu, cuda or cuda:n")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"no device {name!r}: torch sees {torch.cuda.device_count()} GPUs", hint="use --device cpu")
    return device


def _trunk_type(device: torch.device) -> torch.dtype:
    """The precision of the convolutions.

    bf16 would be faster where a processor has it, but its 8 bits turn this network's vectors: the lowest cosine to
    fp32 was 0.992 over 24 photographs, and vectors of the two engines have to compare. fp16 has 11 bits.
    """
    return torch.float16 if device.type == "cuda" else torch.float32


def _has_convolutions(module: nn.Module) -> bool:
    return any(isinstance(layer, nn.Conv2d) for layer in module.modules())
