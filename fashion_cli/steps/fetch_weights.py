"""Make a model directory of a network that another library publishes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.atomic_files import atomic_path
from fashion_cli.checked_fields import CheckedFields
from fashion_cli.errors import FashionError, OutputError
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE, ModelCard
from fashion_cli.weights import Model


@dataclass(frozen=True)
class FetchConfig(CheckedFields):
    """What to fetch.

    Attributes:
        source: "torchvision:NAME[/WEIGHTS]", "timm:NAME[.TAG]" or "open_clip:NAME/TAG".
        out: The model directory.
        size: Height and width of the input; None for what the weights were made for.
        file: The published weight file, where it was fetched by hand.
        force: Replace a model that is there.
    """

    source: str
    out: Path
    size: tuple[int, int] | None = None
    file: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class FetchReport:
    """What was written.

    Attributes:
        model: The model directory.
        card: Its card, as it stands there.
        megabytes: Of the weights.
        cosine: The lowest between a vector of the weights as published and as written.
        onnx: Whether there is a model.onnx.
        why_no_onnx: Why there is none; "" where there is one.
    """

    model: Path
    card: ModelCard
    megabytes: float
    cosine: float
    onnx: bool
    why_no_onnx: str


def fetch_weights(config: FetchConfig) -> FetchReport:
    """Fetch, write weights and card, export to ONNX where that works.

    Raises:
        MissingExtraError: If the library is not installed.
        WeightsError: If there are no such weights, or they cannot be fetched, are damaged or give no vectors.
        OutputError: If the directory holds a model already, or cannot be written.
    """
    if (config.out / CARD_FILE).exists() and not config.force:
        raise OutputError(f"{config.out}: there is a model already", hint="--force replaces it; or another -o")
    from fashion_cli.inference.faithful_weights import save_faithful
    from fashion_cli.initial_weights import fetch_encoder
    from fashion_cli.trunks.trunk import TrunkName, WeightsRequest

    name = TrunkName.parse(config.source)
    network, card = fetch_encoder(name, WeightsRequest(file=config.file, size=config.size))
    with _naming(config.out):
        config.out.mkdir(parents=True, exist_ok=True)
        (config.out / CARD_FILE).unlink(missing_ok=True)  # what is killed from here on is no model, not half of one
        digest, cosine = save_faithful(network, card, config.out / SAFETENSORS_FILE)
        card = replace(card, files={SAFETENSORS_FILE: digest})
        with atomic_path(config.out / CARD_FILE) as draft:
            card.write(draft)
        size = (config.out / SAFETENSORS_FILE).stat().st_size
    why = _export(Model(config.out, card))
    return FetchReport(config.out, ModelCard.read(config.out / CARD_FILE), size / 1e6, cosine, not why, why)


def _export(model: Model) -> str:
    """Write model.onnx; why not, where it cannot be."""
    try:
        from fashion_cli.inference.onnx_export import export_onnx

        export_onnx(model)
    except ImportError:
        return "the packages that export are not installed: pip install 'fashion-cli[train]'"
    except FashionError as error:
        return str(error)
    return ""


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """OSError -> OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error})", hint="choose another -o") from error
