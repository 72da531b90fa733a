"""How near `fashion index` comes to what reading and predicting cost alone, and how far it is from the plain way.

    python benchmarks/end_to_end.py FOLDER [--rounds 5]

Everything is measured in one run on the same processors, round by round, so that a machine whose speed drifts bends
all figures alike:

- read:     the reader alone, in as many threads as the index uses, images/s
- forward:  the engine alone on pixels in memory, as many batches under way as the index uses, images/s
- bound:    1 / (1 / read + 1 / forward): nothing can be faster on processors that do both
- index:    `build_index` on the folder: finding, reading, hashing, predicting, writing HDF5, publishing
- plain:    Pillow, torchvision's transforms, eager fp32 torch, one batch after the other
- command:  `fashion index` as a new process, imports included

Wanted: index >= 0.9 bound, index >= 4 plain.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

from fashion_cli.data.images import ImageReader, find_images
from fashion_cli.inference.engines import open_engine
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.index import IndexConfig, build_index
from fashion_cli.weights import open_model
from fashion_cli.zoo import load_model

PLAIN_IMAGES = 512  # the plain way is slow; its rate does not depend on how many it sees
FORWARD_IMAGES = 2048


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--batch-size", type=int, default=InferenceOptions().batch_size)
    arguments = parser.parse_args()
    images = list(find_images([arguments.folder]))
    options = InferenceOptions(engine=arguments.engine, batch_size=arguments.batch_size)
    measures = _measures(arguments.folder, images, options)
    rounds: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(arguments.rounds):
        for name, measure in measures.items():
            rounds[name].append(measure())
        print({name: round(rates[-1], 1) for name, rates in rounds.items()}, file=sys.stderr)
    print(json.dumps(_summary(rounds, len(images)), indent=1))


def _measures(folder: Path, images: list[Path], options: InferenceOptions) -> dict[str, Callable[[], float]]:
    """Name -> function that measures images/s once."""
    model = open_model(options.model)
    engine = open_engine(model, options, len(images))
    reader = ImageReader(model.card.input, fast=engine.fast_images)
    pixels = np.stack([reader.read(path).pixels for path in images[: options.batch_size]])

    def read() -> float:
        with ThreadPoolExecutor(engine.num_threads) as threads:
            return _rate(len(images), lambda: list(threads.map(lambda path: reader.read(path).size, images)))

    def forward() -> float:
        batches = FORWARD_IMAGES // len(pixels)
        with ThreadPoolExecutor(engine.num_threads) as threads:
            run = lambda: list(threads.map(lambda _: len(engine.predict(pixels)), range(batches)))  # noqa: E731
            return _rate(batches * len(pixels), run)

    def index() -> float:
        with tempfile.TemporaryDirectory() as directory:
            config = IndexConfig((folder,), Path(directory) / "index", options)
            return _rate(len(images), lambda: build_index(config, lambda done, total: None))

    def command() -> float:
        with tempfile.TemporaryDirectory() as directory:
            line = [sys.executable, "-m", "fashion_cli", "index", str(folder), "-o", f"{directory}/index", "--quiet"]
            return _rate(len(images), lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL))

    return {"read": read, "forward": forward, "index": index, "plain": _plain(images), "command": command}


def _plain(images: list[Path]) -> Callable[[], float]:
    """What a tutorial would write: eager fp32 on all processors."""
    model = open_model()
    spec = model.card.input
    network = load_model(model)
    prepare = transforms.Compose(
        [
            transforms.Resize((spec.height, spec.width)),
            transforms.ToTensor(),
            transforms.Normalize(spec.mean, spec.std),
        ]
    )
    chosen = images[:PLAIN_IMAGES]

    @torch.inference_mode()
    def run() -> None:
        for start in range(0, len(chosen), 32):
            batch = [prepare(Image.open(path).convert("RGB")) for path in chosen[start : start + 32]]
            network(torch.stack(batch))

    def measure() -> float:
        threads = torch.get_num_threads()
        torch.set_num_threads(torch.multiprocessing.cpu_count())
        try:
            return _rate(len(chosen), run)
        finally:
            torch.set_num_threads(threads)

    return measure


def _rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _summary(rounds: dict[str, list[float]], images: int) -> dict[str, object]:
    bounds = [1 / (1 / read + 1 / forward) for read, forward in zip(rounds["read"], rounds["forward"], strict=True)]
    figures = {**rounds, "bound": bounds}
    ratios = {
        "index / bound": [index / bound for index, bound in zip(rounds["index"], bounds, strict=True)],
        "index / plain": [index / plain for index, plain in zip(rounds["index"], rounds["plain"], strict=True)],
    }
    return {
        "photographs": images,
        "images per second": {name: _spread(values) for name, values in figures.items()},
        "ratios": {name: _spread(values) for name, values in ratios.items()},
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "min": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "max": round(max(values), 2),
    }


if __name__ == "__main__":
    main()
