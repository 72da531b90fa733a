"""Vectors that look like those of photographs, and feature files with them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.features import FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.retrieval import calibration
from fashion_cli.retrieval.neighbours import unit_rows

WIDTH = 32
VOCABULARY = Vocabulary((TagGroup("colour", ("red", "blue", "green"), exclusive=True),))

DrawVectors = Callable[..., npt.NDArray[np.float16]]
MakeFeatures = Callable[..., Path]


@pytest.fixture
def draw_vectors() -> DrawVectors:
    def draw(count: int, seed: int = 0, width: int = WIDTH) -> npt.NDArray[np.float16]:
        """(count, width) of unit length, in heaps."""
        random = np.random.default_rng(seed)
        heaps = random.standard_normal((max(1, count // 50), width))
        spread = 0.4 * random.standard_normal((count, width))
        return unit_rows((heaps[random.integers(len(heaps), size=count)] + spread).astype(np.float32)).astype(
            np.float16
        )

    return draw


@pytest.fixture
def slow_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Annoy is worth its while for as few vectors as tests can have, however busy the machine is."""
    monkeypatch.setattr(calibration, "scan_milliseconds", lambda vectors, queries: 1e6)
    monkeypatch.setattr(calibration, "QUERIES", 100)


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        name="small",
        architecture="none",
        summary="",
        source="",
        licence="Apache-2.0",
        vector_width=WIDTH,
        input=InputSpec(8, 8),
        vocabulary=VOCABULARY,
        files={"model.safetensors": "a" * 64},
    )


@pytest.fixture
def make_features(draw_vectors: DrawVectors, card: ModelCard) -> MakeFeatures:
    def make(path: Path, count: int, seed: int = 0) -> Path:
        """A feature file of photographs /photographs/SEED-ROW.jpg."""
        random = np.random.default_rng(seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with FeatureWriter.create(path, FeatureHeader.of(card)) as writer:
            if count:
                writer.append(
                    FeatureRows(
                        paths=tuple(f"/photographs/{seed}-{row}.jpg" for row in range(count)),
                        sha256=tuple(f"{seed:032x}{row:032x}" for row in range(count)),
                        sizes=np.full(count, 1000, np.int64),
                        mtimes_ns=np.full(count, 10**18, np.int64),
                        widths=np.full(count, 60, np.int32),
                        heights=np.full(count, 80, np.int32),
                        vectors=draw_vectors(count, seed),
                        scores=random.random((count, len(VOCABULARY))).astype(np.float16),
                    )
                )
        return path

    return make
