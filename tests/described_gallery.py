"""A gallery of made-up photographs that a table describes: titles, prices, brands. No model is needed to search it."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from fashion_cli.data.features import FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.data.tags import present_tags
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary
from fashion_cli.retrieval.neighbours import unit_rows
from fashion_cli.retrieval.publish import publish, writing

COUNT, WIDTH = 60, 12
COLOURS = ("red", "grey", "blue", "black")
CATEGORIES = ("dress", "t-shirt", "pants", "flip flops", "longsleeve", "scarf")
VOCABULARY = Vocabulary(
    (TagGroup("category", CATEGORIES, exclusive=False), TagGroup("colour", COLOURS, exclusive=True))
)
TITLES = ("Linen summer frock", "Silk shirt 'Aria'", "Embroidered wool piece", "Reduced denim jacket", "재고 린넨자켓")
PRICES = ("9.99", "30", "30.0", "45", "1e2", "n/a", "", "1,299", "-3", " 12 ")
BRANDS = ("Nähwerk", "ACME", "1017", "", "Blau & Co")
CARD = ModelCard(
    "made-up", "none", "", "", "Apache-2.0", WIDTH, InputSpec(8, 8), VOCABULARY, files={"model.safetensors": "a" * 64}
)


@dataclass(frozen=True)
class DescribedGallery:
    """What it holds, row by row, for plain loops to compare with."""

    index: Path
    folder: Path
    paths: tuple[str, ...]
    tags: tuple[frozenset[str], ...]
    scores: np.ndarray
    vectors: np.ndarray
    titles: tuple[str, ...]
    prices: tuple[str, ...]
    brands: tuple[str, ...]


def make_gallery(folder: Path) -> DescribedGallery:
    """Photographs in `photographs/`, the index in `index/`."""
    random = np.random.default_rng(11)
    (folder / "photographs" / "deep").mkdir(parents=True)
    paths = [folder / "photographs" / ("deep" if row % 7 == 0 else "") / f"{row:02}.png" for row in range(COUNT)]
    for row, path in enumerate(paths):
        Image.new("RGB", (3, 4), (row, 2 * row, 3 * row)).save(path)
    status = [path.stat() for path in paths]
    repeated = {name: tuple(values[row % len(values)] for row in range(COUNT)) for name, values in _columns().items()}
    rows = FeatureRows(
        paths=tuple(map(str, paths)),
        sha256=tuple(sha256(path.read_bytes()).hexdigest() for path in paths),
        sizes=np.array([each.st_size for each in status], np.int64),
        mtimes_ns=np.array([each.st_mtime_ns for each in status], np.int64),
        widths=np.full(COUNT, 3, np.int32),
        heights=np.full(COUNT, 4, np.int32),
        vectors=unit_rows(random.standard_normal((COUNT, WIDTH)).astype(np.float32)).astype(np.float16),
        scores=random.random((COUNT, len(VOCABULARY))).astype(np.float16),
        columns=repeated,
    )
    with writing(folder / "index") as working:
        header = replace(FeatureHeader.of(CARD), created_by="tests")
        with FeatureWriter.create(working, header, tuple(repeated)) as writer:
            writer.append(rows)
        publish(folder / "index", model_location=str(folder / "no model"))
    shown = present_tags(rows.scores, VOCABULARY)
    names = np.array(VOCABULARY.names)
    return DescribedGallery(
        index=folder / "index",
        folder=folder / "photographs",
        paths=rows.paths,
        tags=tuple(frozenset(names[each].tolist()) for each in shown),
        scores=rows.scores.astype(np.float32),
        vectors=rows.vectors.astype(np.float32),
        titles=repeated["label/title"],
        prices=repeated["label/Price"],
        brands=repeated["label/Brand"],
    )


def _columns() -> dict[str, tuple[str, ...]]:
    # Lengths without a common divisor, so that every title meets every price.
    return {"label/title": TITLES, "label/Price": (*PRICES, "77"), "label/Brand": (*BRANDS, "Zwirn", "Öko")}
