"""Find and verify model directories. No torch."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import CARD_FILE, ONNX_FILE, ModelCard
from fashion_cli.suggestions import near_words

DEFAULT_MODEL = "fashion-mobilenet"
TRUNK_LIBRARIES = ("torchvision", "timm", "open_clip")  # where networks come from by name: `timm:NAME`


@dataclass(frozen=True)
class Model:
    """A model directory and its card."""

    directory: Path
    card: ModelCard

    @property
    def location(self) -> str:
        """What `--model` takes from any working directory: a shipped model's name, else the absolute directory."""
        shipped = self.directory.absolute() == (shipped_directory() / self.directory.name).absolute()
        return self.directory.name if shipped else str(self.directory.absolute())

    def file(self, name: str, *, verify: bool = True) -> Path:
        """Where one of the model's files lies.

        Args:
            name: A file name of the card.
            verify: Compare its sha256 with the card.

        Raises:
            WeightsError: If the card has no such file, or the file is missing or differs.
        """
        if name not in self.card.files:
            mend = f"fashion weights export {self.directory}" if name == ONNX_FILE else "copy the model again"
            raise WeightsError(f"{self.directory}: the model has no {name}", hint=mend)
        path = self.directory / name
        if verify and (actual := _sha256(path)) != self.card.files[name]:
            raise WeightsError(
                f"{path}: sha256 {actual[:12]}… differs from the model card's {self.card.files[name][:12]}…",
                hint="the file is damaged: install the package or copy the model again",
            )
        return path

    def has(self, name: str) -> bool:
        """Whether the card lists the file."""
        return name in self.card.files


def shipped_directory() -> Path:
    """Where the shipped models lie: inside an installed package, at the top level of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent / "weights"


def shipped_models() -> Iterator[Model]:
    """The models that ship with the package, by name."""
    for card in sorted(shipped_directory().glob(f"*/{CARD_FILE}")):
        yield open_model(card.parent)


def open_model(name: str | Path = DEFAULT_MODEL) -> Model:
    """A shipped model by name, or any model by its directory.

    Raises:
        WeightsError: If there is none.
    """
    for directory in (Path(name), shipped_directory() / name):
        if (directory / CARD_FILE).is_file():
            return Model(directory, ModelCard.read(directory / CARD_FILE))
    if str(name).partition(":")[0] in TRUNK_LIBRARIES:
        raise WeightsError(
            f"{name} names a network of a library, not a model directory",
            hint=f"fashion weights fetch {name} -o DIR, then --model DIR",
        )
    raise WeightsError(
        f"no model {str(name)!r}: neither a shipped model nor a directory with a {CARD_FILE}",
        hint=_similar_models(str(name)),
    )


def _similar_models(name: str) -> str:
    near = near_words(Path(name).name, (each.card.name for each in shipped_models()))
    return f"did you mean {' or '.join(map(repr, near))}?" if near else "fashion weights list"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({error.strerror})", hint="install the package or copy the model again"
        ) from error
