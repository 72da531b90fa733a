"""How a model is run: which one, where, and how much at once."""

from dataclasses import dataclass

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.weights import DEFAULT_MODEL


@dataclass(frozen=True)
class InferenceOptions(CheckedFields):
    """Shared by every step that looks at photographs.

    Attributes:
        model: A shipped model's name or a model directory.
        device: "auto", "cpu", "cuda" or "cuda:n".
        engine: "auto", "onnx" or "torch".
        batch_size: Photographs in a forward pass.
        workers: Threads that read photographs and drive the engine; 0 is one per processor.
        tagger: Another model, whose tags take the place of the first one's; "" where one model does both.
    """

    model: str = DEFAULT_MODEL
    device: str = "auto"
    engine: str = "auto"
    batch_size: int = 32
    workers: int = 0
    tagger: str = ""
