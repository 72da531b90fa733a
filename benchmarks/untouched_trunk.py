"""Features of MobileNetV2 as it came from ImageNet, run exactly: what training starts from and has to beat.

The weights come from TensorFlow, whose SAME padding differs from torchvision's in stride-2 convolutions;
batch norm is folded. Features are the mean of the last convolution over the image.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from fashion_cli.data.images import ImageReader
from fashion_cli.model_cards import InputSpec
from fashion_cli.zoo import load_weights

BATCH = 32
SQUASHED = 224  # pixels of each side in ImageNet training
LETTERBOXED = InputSpec(256, 192, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


class SamePadding(nn.Module):
    """TensorFlow's SAME padding before a convolution: what is odd goes to the right and to the bottom.

    Args:
        convolution: Its own padding is taken away.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.kernel, self.stride = convolution.kernel_size[0], convolution.stride[0]
        convolution.padding = (0, 0)
        self.convolution = convolution

    def forward(self, maps: Tensor) -> Tensor:
        rows, columns = (self._total(side) for side in maps.shape[2:])
        padded = F.pad(maps, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return torch.as_tensor(self.convolution(padded))

    def _total(self, side: int) -> int:
        return max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)


class UntouchedTrunk(nn.Module):
    """MobileNetV2 without its classifier, as its first owner ran it.

    Args:
        weights: safetensors by torchvision's names.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        network = mobilenet_v2(weights=None)
        load_weights(network, weights, partly=True)
        self.features = network.features
        for block in list(self.features.modules()):
            for name, layer in list(block.named_children()):
                if isinstance(layer, nn.Conv2d) and layer.stride[0] == 2:
                    setattr(block, name, SamePadding(layer))
        self.eval().to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] -> (B, 1280)."""
        return torch.as_tensor(self.features(images)).mean(dim=(2, 3))


def squash(path: Path) -> Pixels:
    """The photograph in a square, its aspect given up, as in ImageNet evaluation without a crop."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.asarray(upright.resize((SQUASHED, SQUASHED), Image.Resampling.BILINEAR))


def letterbox(path: Path) -> Pixels:
    """The photograph as our own models see it."""
    return ImageReader(LETTERBOXED, fast=True).read(path).pixels


READERS: dict[str, Callable[[Path], Pixels]] = {
    f"{SQUASHED}x{SQUASHED} squashed": squash,
    f"{LETTERBOXED.height}x{LETTERBOXED.width} letterboxed": letterbox,
}


def untouched_features(weights: Path, paths: Sequence[Path], read: str, cache: Path) -> Features:
    """(N, 1280) features of photographs, kept for the next run.

    Args:
        weights: safetensors by torchvision's names.
        paths: N photographs.
        read: A key of `READERS`.
        cache: A folder for what was computed before.
    """
    identity = hashlib.sha256(weights.read_bytes() + read.encode())
    for path in paths:
        identity.update(f"{path.resolve()}\0{path.stat().st_size}\0".encode())
    kept = cache / f"{identity.hexdigest()[:16]}.npy"
    if not kept.exists():
        features = np.concatenate(list(_run(UntouchedTrunk(weights), paths, READERS[read])))
        cache.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".partial")
        with draft.open("wb") as stream:
            np.save(stream, features)
        draft.replace(kept)
    return np.asarray(np.load(kept))


@torch.inference_mode()
def _run(trunk: UntouchedTrunk, paths: Sequence[Path], read: Callable[[Path], Pixels]) -> Iterator[Features]:
    with ThreadPoolExecutor(2) as threads:
        for start in range(0, len(paths), BATCH):
            pixels = torch.from_numpy(np.stack(list(threads.map(read, paths[start : start + BATCH]))))
            images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
            yield trunk(images.contiguous(memory_format=torch.channels_last)).numpy()
