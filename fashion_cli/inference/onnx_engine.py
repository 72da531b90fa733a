"""ONNX Runtime: starts in a fraction of the time that torch takes to import."""

import os

import numpy as np
import numpy.typing as npt
import onnxruntime

from fashion_cli.errors import WeightsError
from fashion_cli.inference.processors import processors
from fashion_cli.model_cards import ONNX_FILE
from fashion_cli.outputs import Predictions
from fashion_cli.weights import Model


class OnnxEngine:
    """The model's ONNX file on the CPU.

    Args:
        model: Has `model.onnx`.
        num_threads: Batches under way at once; with several, each runs on one processor.

    Raises:
        WeightsError: If the file is missing, damaged or not for this ONNX Runtime.
    """

    name = "onnx"
    fast_images = False

    def __init__(self, model: Model, num_threads: int) -> None:
        self.num_threads = num_threads
        onnxruntime.disable_telemetry_events()  # where another part of this program had loaded it before this package
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only; stderr belongs to the command
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if num_threads > 1:
            options.intra_op_num_threads = 1
        elif processors() < (os.cpu_count() or 1):  # it counts those of the machine
            options.intra_op_num_threads = processors()
        path = model.file(ONNX_FILE)
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no public base class
            raise WeightsError(
                f"{path}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})", hint="use --engine torch"
            ) from error

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        vectors, scores = self._session.run(["vectors", "scores"], {"pixels": pixels})
        return Predictions(np.asarray(vectors), np.asarray(scores))
