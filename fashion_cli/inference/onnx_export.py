"""Write `model.onnx` beside a model's weights: the same graph for machines that should not wait for torch.

Batch norm is folded into the convolutions. A folded weight is stored as what it was made of: the weight in the
half precision in which it was saved, and a factor per channel. So the file has half the size and is as exact as
the weights; ONNX Runtime multiplies once, when it loads, and loading and running take no longer (measured).
"""

import hashlib
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch.onnx import OnnxExporterError

from fashion_cli.atomic_files import atomic_path
from fashion_cli.errors import OutputError, WeightsError
from fashion_cli.inference.deployed_model import DeployedModel
from fashion_cli.layers.fusion import fuse_module
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, InputSpec, ModelCard
from fashion_cli.weights import Model
from fashion_cli.zoo import load_model

INPUT, OUTPUTS = "pixels", ("vectors", "scores")
OPSET = 18
HALF_FROM = 256  # values; smaller tensors are not worth a cast
FACTOR_ERROR = 1e-5  # largest relative error of a tensor that is stored as halves and factors
LEAST_COSINE = 0.9999
LARGEST_SCORE_ERROR = 0.005
TRIED_BATCHES = (1, 3)


@dataclass(frozen=True)
class OnnxExport:
    """What was written.

    Attributes:
        path: The file.
        sha256: Hexadecimal; the card has it too.
        size: Bytes.
        cosine: The lowest between a vector of this file and torch's, on random pixels.
    """

    path: Path
    sha256: str
    size: int
    cosine: float


def export_onnx(model: Model) -> OnnxExport:
    """Export, compare with torch, put the file in place, tell the card.

    The file takes uint8 `pixels` (B, H, W, 3) for any B; it gives float32 `vectors` (B, D), `scores` (B, T).

    Raises:
        WeightsError: If the weights cannot be loaded, torch cannot export the network, or the exported graph is not the
            same function.
        OutputError: If the directory cannot be written.
    """
    deployed = DeployedModel(load_model(model), model.card).eval()
    path = model.directory / ONNX_FILE
    draft = path.with_suffix(".partial")
    try:
        draft.touch()  # a place that cannot be written is found before the work, not after it
        try:
            document = _document(model, deployed)
            draft.write_bytes(document)
            cosine = _compare(draft, deployed, model.card.input)
            _record(model.directory, model.card, None)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        digest = hashlib.sha256(document).hexdigest()
        _record(model.directory, model.card, digest)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(
            f"{path}: cannot be written ({reason})", hint="copy the model to a folder of your own"
        ) from error
    return OnnxExport(path, digest, len(document), cosine)


def _document(model: Model, deployed: DeployedModel) -> bytes:
    """The whole file."""
    graph = traced_graph(_fuse(model), model.card.input)
    _halve_weights(graph.graph, {name: tensor.numpy() for name, tensor in deployed.state_dict().items()})
    return bytes(graph.SerializeToString())


def _fuse(model: Model) -> DeployedModel:
    network = load_model(model)
    for name, child in network.named_children():
        setattr(network, name, fuse_module(child))
    for layer in network.modules():
        if isinstance(getattr(layer, "inplace", None), bool):
            layer.inplace = False  # type: ignore[assignment]  # the exporter would first spend seconds on undoing it
    return DeployedModel(network, model.card).eval()


def traced_graph(deployed: DeployedModel, spec: InputSpec) -> onnx.ModelProto:
    """The graph of pixels in, vectors and scores out, for any number of photographs.

    Raises:
        WeightsError: If torch cannot export the network.
    """
    pixels = torch.zeros((2, spec.height, spec.width, 3), dtype=torch.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the exporter's own future
            program = torch.onnx.export(
                deployed,
                (pixels,),
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except OnnxExporterError as error:
        raise WeightsError(
            f"torch cannot export this network ({str(error).strip().splitlines()[0]})",
            hint="use the model with --engine torch",
        ) from error
    if program is None:
        raise AssertionError("the exporter returns a program whenever it is given no file")
    graph = program.model_proto
    _forget_sources(graph)
    return graph


def _forget_sources(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they hold the paths of this machine."""
    graph = model.graph
    noted: Iterable[onnx.ModelProto | onnx.GraphProto | onnx.NodeProto | onnx.ValueInfoProto | onnx.TensorProto]
    noted = [model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for each in noted:
        del each.metadata_props[:]
        each.doc_string = ""


def _halve_weights(graph: onnx.GraphProto, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    """Store large tensors as halves times a factor per channel, where that is what they are.

    Args:
        graph: Changed in place.
        weights: Tensor name -> its values before batch norm was folded in.
    """
    steps, factors = [], []
    for tensor in graph.initializer:
        name, values = tensor.name, numpy_helper.to_array(tensor)
        if values.size < HALF_FROM:
            continue
        # The exporter renames what it transposes: such a tensor is made of itself.
        parts = _halves_and_factors(values, weights.get(name, values))
        if parts is None:
            continue
        factors.append(numpy_helper.from_array(parts[1], f"{name}.factor"))
        tensor.CopyFrom(numpy_helper.from_array(parts[0], f"{name}.half"))
        steps.append(helper.make_node("Cast", [f"{name}.half"], [f"{name}.float"], to=onnx.TensorProto.FLOAT))
        steps.append(helper.make_node("Mul", [f"{name}.float", f"{name}.factor"], [name]))
    graph.initializer.extend(factors)
    nodes = [*steps, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _halves_and_factors(
    values: npt.NDArray[Any], before: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float32]] | None:
    """(C, ...) halves and (C, 1, ...) factors whose product the values are; None if they are no such product."""
    if values.dtype != np.float32 or before.shape != values.shape:
        return None
    with np.errstate(over="ignore"):
        halves = before.astype(np.float16)
    if not np.array_equal(halves, before):
        return None
    rows, unscaled = values.reshape(len(values), -1), before.reshape(len(values), -1).astype(np.float64)
    squares = (unscaled**2).sum(axis=1)
    factors = np.ones(len(rows))
    np.divide((unscaled * rows).sum(axis=1), squares, out=factors, where=squares > 0)
    off = np.linalg.norm(unscaled * factors[:, None] - rows, axis=1)
    if (off > FACTOR_ERROR * np.linalg.norm(rows, axis=1)).any():
        return None
    return halves, factors.astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1))


def _compare(file: Path, deployed: DeployedModel, spec: InputSpec) -> float:
    """The lowest cosine between what the file and torch make of random pixels.

    Raises:
        WeightsError: If it, or a score, is too far off.
    """
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    rng = torch.Generator().manual_seed(0)
    cosines, errors = [], []
    for batch in TRIED_BATCHES:
        pixels = torch.randint(256, (batch, spec.height, spec.width, 3), dtype=torch.uint8, generator=rng)
        vectors, scores = session.run(list(OUTPUTS), {INPUT: pixels.numpy()})
        with torch.inference_mode():
            expected_vectors, expected_scores = deployed(pixels)
        cosines.append(float((vectors * expected_vectors.numpy()).sum(axis=1).min()))
        errors.append(float(np.abs(scores - expected_scores.numpy()).max(initial=0)))  # there may be no tags
    if not (min(cosines) > LEAST_COSINE and max(errors) < LARGEST_SCORE_ERROR):
        raise WeightsError(
            f"{file.parent}: the exported graph differs from the network "
            f"(cosine {min(cosines):.6f}, scores off by {max(errors):.4f})",
            hint="nothing was changed; use the model with --engine torch",
        )
    return min(cosines)


def _record(directory: Path, card: ModelCard, digest: str | None) -> None:
    """Name the file in the card, or drop it from there while it is being replaced."""
    files = {name: sha256 for name, sha256 in card.files.items() if name != ONNX_FILE}
    if digest is not None:
        files[ONNX_FILE] = digest
    with atomic_path(directory / CARD_FILE) as draft:
        replace(card, files=files).write(draft)
