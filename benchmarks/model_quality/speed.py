"""How long a forward pass takes: ONNX Runtime on one thread, which is the caller's own, pixels in, vectors out."""

import time

import numpy as np

from benchmarks.model_quality.networks import Network
from fashion_cli.inference.onnx_engine import OnnxEngine

BATCH = 16
ROUNDS = 12
TWO_THREADS = 2  # with several at once, a batch runs on one processor


def milliseconds(network: Network) -> float:
    """Of processor time for a photograph in a batch, without reading it: other work on the machine hardly touches it.

    The fastest round counts, since what else there is only ever adds.
    """
    spec = network.frozen.card.input
    engine = OnnxEngine(network.frozen, TWO_THREADS)
    pixels = np.random.default_rng(0).integers(256, size=(BATCH, spec.height, spec.width, 3), dtype=np.uint8)
    seconds = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        engine.predict(pixels)
        seconds.append(time.thread_time() - start)
    return 1000 * min(seconds) / BATCH
