"""What a search finds from people's own photographs in a shop, with and without the category prior.

    python -m benchmarks.home_to_shop --data DATA --work DIR

DATA holds `clothing/` (garments photographed at home), `street/` (people in the street, garments by masks), `views/`
(several photographs of one item) and `catalog/` (a shop). DIR keeps the photographs that are made, a feature file and
an index of everything, so a second run embeds nothing. All queries are of `val`:

- home: a photograph of `clothing` finds products of the same kind (`HOME` says which article types those are).
- box: a garment of `street`, cut out by the box around its mask, likewise (`STREET`).
- graded: 60 photographs of `clothing` whose products were graded 0 to 3; hits that nobody graded are passed over.
- views: another photograph of the same item, among those of all items and the whole catalog.
- copies: the original of a heavily changed copy (`benchmarks.retrieval_sets`).

Each figure has a 95 % interval (bootstrap over queries; over items for `views`), each gain a paired one.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.retrieval_sets import change
from fashion_cli.data.annotations import Annotation, read_manifest
from fashion_cli.embedding.cached_features import cached_features
from fashion_cli.inference.multi_model import open_models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.metrics.bootstrap import Interval, mean_interval, paired_difference
from fashion_cli.metrics.ranking import ndcg
from fashion_cli.retrieval.candidates import Scope, Selection, choose_candidates
from fashion_cli.retrieval.category_prior import QueryPrior, gallery_prior
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.steps.index import IndexConfig, build_index

TROUSERS = (
    *("Trousers", "Track Pants", "Jeans", "Lounge Pants", "Leggings", "Jeggings", "Capris", "Churidar", "Patiala"),
    *("Rain Trousers", "Tights"),
)
SHOES = (
    *("Casual Shoes", "Sports Shoes", "Heels", "Flip Flops", "Sandals", "Formal Shoes", "Flats", "Sports Sandals"),
    "Booties",
)
BAGS = (
    *("Handbags", "Backpacks", "Clutches", "Laptop Bag", "Duffel Bag", "Messenger Bag", "Rucksacks", "Waist Pouch"),
)
JACKETS = ("Jackets", "Rain Jacket")
STOCKINGS = ("Stockings", "Tights")
HOME = {  # category of `clothing` -> article types of `catalog` that are the same kind; bodysuits it has none of
    "t-shirt": ("Tshirts",),
    "longsleeve": ("Tshirts", "Sweatshirts", "Sweaters"),
    "pants": TROUSERS,
    "shoes": SHOES,
    "dress": ("Dresses",),
    "shirt": ("Shirts",),
    "shorts": ("Shorts", "Lounge Shorts"),
    "outwear": JACKETS,
    "hat": ("Caps", "Hat"),
    "skirt": ("Skirts",),
    "undershirt": ("Innerwear Vests", "Camisoles"),
    "polo": ("Tshirts",),
    "hoodie": ("Sweatshirts",),
    "blazer": ("Jackets",),
    "top": ("Tops", "Camisoles"),
    "blouse": ("Tops", "Shirts"),
}
STREET = {  # mask label of `street` -> likewise
    **dict.fromkeys(("bag", "purse"), BAGS),
    **dict.fromkeys(("jacket", "cape", "coat"), JACKETS),
    **dict.fromkeys(("cardigan", "jumper", "sweater"), ("Sweaters",)),
    **dict.fromkeys(("hoodie", "sweatshirt"), ("Sweatshirts",)),
    **dict.fromkeys(
        ("shoes", "boots", "flats", "heels", "pumps", "loafers", "sandals", "sneakers", "wedges", "clogs"), SHOES
    ),
    **dict.fromkeys(("stockings", "tights"), STOCKINGS),
    **{name: HOME[name] for name in ("blazer", "blouse", "dress", "hat", "pants", "shirt", "shorts", "skirt")},
    **{name: HOME[name] for name in ("t-shirt", "top")},
    "jeans": ("Jeans",),
    "leggings": ("Leggings", "Jeggings", "Tights"),
    "vest": ("Waistcoat", "Sweaters"),
    "romper": ("Rompers", "Jumpsuit"),
    "scarf": ("Scarves", "Mufflers", "Stoles"),
    "belt": ("Belts",),
    "sunglasses": ("Sunglasses",),
    "watch": ("Watches",),
    "tie": ("Ties",),
    "socks": ("Socks",),
    "gloves": ("Gloves",),
    "wallet": ("Wallets", "Clutches"),
}
LEAST_SHARE = 0.01  # of the photograph that a boxed garment covers
SHOWN = 20  # hits of a list, and
SHOWN_GRADED = 1000  # where ten that were graded have to be among them
Figures = dict[str, npt.NDArray[np.float64]]  # what is measured -> (Q,) one figure per query
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Query:
    """A photograph to search with, and what it should find.

    Attributes:
        path: The photograph.
        grades: Product -> 0 to 3; empty where `right` says it.
        right: The photographs that are right.
        cluster: Queries with one text succeed and fail together.
    """

    path: Path
    right: frozenset[Path]
    grades: dict[Path, int]
    cluster: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="Keeps what is made and embedded.")
    parser.add_argument("--model", default="fashion-mobilenet")
    options = parser.parse_args()
    sets = {
        "home": home_queries(options.data),
        "box": box_queries(options.data, options.work),
        "graded": graded_queries(options.data),
        "views": view_queries(options.data),
        "copies": copy_queries(options.data, options.work),
    }
    shop = [each.path for each in read_manifest(options.data / "catalog" / "catalog.csv")]
    views = [each.path for each in read_manifest(options.data / "views" / "views.csv")]
    queries = [query.path for each in sets.values() for query in each]
    directory = index_everything([*shop, *views, *queries], options.work, options.model)
    with Gallery.open(directory) as gallery:
        print("| set | queries | figure | without the prior | with it | gain |\n|---|---|---|---|---|---|")
        for name, each in sets.items():
            among = [*shop, *views] if name == "views" else shop
            report(name, each, [measure(gallery, name, each, among, weighed=weighed) for weighed in (False, True)])


# ---- queries


def home_queries(data: Path) -> list[Query]:
    kinds = products_by_kind(data)
    return [
        Query(each.path, right_of(HOME[each.values["category"]], kinds), {}, str(each.path))
        for each in read_manifest(data / "clothing" / "clothing.csv")
        if each.split == "val" and each.values["category"] in HOME
    ]


def box_queries(data: Path, work: Path) -> list[Query]:
    """Garments of street photographs, cut out and saved in `work`."""
    kinds = products_by_kind(data)
    names = json.loads((data / "street" / "mask_labels.json").read_text())
    (work / "boxes").mkdir(parents=True, exist_ok=True)
    queries = []
    for each in read_manifest(data / "street" / "street.csv"):
        if each.split != "val" or not each.values["mask"]:
            continue
        labels = np.asarray(Image.open(data / "street" / each.values["mask"]))  # (H, W) palette indices
        for label in np.unique(labels).tolist():
            if names[label] in STREET and (labels == label).mean() >= LEAST_SHARE:
                path = work / "boxes" / f"{each.path.stem}-{names[label]}.png"
                if not path.exists():
                    cut_box(Image.open(each.path).convert("RGB"), labels == label).save(path)
                queries.append(Query(path, right_of(STREET[names[label]], kinds), {}, each.path.stem))
    return queries


def cut_box(photograph: Image.Image, mask: npt.NDArray[np.bool_]) -> Image.Image:
    down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    high, wide = photograph.height / mask.shape[0], photograph.width / mask.shape[1]
    left, right = int(across[0] * wide), int((across[-1] + 1) * wide)
    top, bottom = int(down[0] * high), int((down[-1] + 1) * high)
    return photograph.crop((left, top, right, bottom))


def graded_queries(data: Path) -> list[Query]:
    grades: dict[str, dict[Path, int]] = defaultdict(dict)
    with (data / "clothing" / "judgements.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            grades[row["query"]][data / "catalog" / row["hit"]] = int(row["grade"])
    return [Query(data / "clothing" / name, frozenset(), judged, name) for name, judged in grades.items()]


def view_queries(data: Path) -> list[Query]:
    items: dict[str, list[Annotation]] = defaultdict(list)
    for each in read_manifest(data / "views" / "views.csv"):
        items[each.values["item_id"]].append(each)
    return [
        Query(each.path, frozenset(other.path for other in same if other is not each), {}, item)
        for item, same in items.items()
        for each in same
        if each.split == "val" and len(same) > 1
    ]


def copy_queries(data: Path, work: Path) -> list[Query]:
    """Changed copies of shop photographs, saved in `work`."""
    backgrounds = [each.path for each in read_manifest(data / "street" / "street.csv") if each.split == "train"]
    queries = []
    for each in read_manifest(data / "catalog" / "catalog.csv"):
        if each.split == "val":
            path = work / "copies" / each.path.name
            if not path.exists():
                change(each, backgrounds, argparse.Namespace(out=work))
            queries.append(Query(path, frozenset([each.path]), {}, each.path.stem))
    return queries


def products_by_kind(data: Path) -> dict[str, list[Path]]:
    kinds: dict[str, list[Path]] = defaultdict(list)
    for each in read_manifest(data / "catalog" / "catalog.csv"):
        kinds[each.values["article_type"]].append(each.path)
    return kinds


def right_of(article_types: Sequence[str], kinds: dict[str, list[Path]]) -> frozenset[Path]:
    return frozenset(path for kind in article_types for path in kinds[kind])


# ---- searches


def index_everything(photographs: Sequence[Path], work: Path, model: str) -> Path:
    """An index of all photographs; which of them may be hits is said with each search."""
    options = InferenceOptions(model=model)
    file = work / "features.h5"
    with cached_features(photographs, open_models(options), options, print_progress, file):
        pass
    build_index(IndexConfig((file,), work / "index", options), lambda done, total: None)
    return work / "index"


def print_progress(done: int, total: int) -> None:
    if done % 2048 == 0 or done == total:
        print(f"{done} of {total} embedded", flush=True)


def measure(gallery: Gallery, name: str, queries: Sequence[Query], among: Sequence[Path], *, weighed: bool) -> Figures:
    """One figure per query of everything that is measured on a set."""
    prior = gallery_prior(gallery) if weighed else None
    path_of = {row_of(gallery, path): path for path in among}
    rows = np.array(sorted(path_of))
    columns: dict[str, list[float]] = defaultdict(list)
    for query in queries:
        own = row_of(gallery, query.path)
        scores = gallery.scores(np.array([own]))[0]
        scope = Scope(rows, without=frozenset([own]))
        selection = Selection(
            SHOWN_GRADED if name == "graded" else SHOWN,
            scope,
            prior=None if prior is None else QueryPrior(prior, scores),
        )
        vector = gallery.vectors(np.array([own]))[0].astype(np.float32)
        hits = [path_of[row] for row in choose_candidates(gallery, vector, selection).rows.tolist()]
        for figure, value in figures_of(name, query, hits).items():
            columns[figure].append(value)
    return {figure: np.array(values) for figure, values in columns.items()}


def row_of(gallery: Gallery, path: Path) -> int:
    row = gallery.features.find(str(path.resolve()))
    if row is None:
        raise SystemExit(f"{path}: was not embedded")
    return row


def figures_of(name: str, query: Query, hits: Sequence[Path]) -> dict[str, float]:
    if name == "graded":
        judged = np.array(list(query.grades.values()))
        grades = np.array([query.grades[hit] for hit in hits if hit in query.grades], np.int64)
        return {
            "nDCG@10": ndcg(grades, judged, 10),
            "grade 2 or 3 of the first 5": float((grades[:5] >= 2).mean()),
            "not graded of the first 10": float(np.mean([hit not in query.grades for hit in hits[:10]])),
        }
    right = [hit in query.right for hit in hits]
    if name in ("home", "box"):
        return {f"same kind of the first {k}": float(np.mean(right[:k])) for k in (5, 10)}
    return {f"recall@{k}": float(any(right[:k])) for k in (1, 5, 20)}


def report(name: str, queries: Sequence[Query], measured: Sequence[Figures]) -> None:
    without, weighed = measured
    for figure, values in without.items():
        known = ~(np.isnan(values) | np.isnan(weighed[figure]))
        clusters = [query.cluster for query, there in zip(queries, known, strict=True) if there]
        before, after = values[known], weighed[figure][known]
        shown = [shown_interval(mean_interval(each, clusters)) for each in (before, after)]
        gain = shown_interval(paired_difference(after, before, clusters), "+")
        print(f"| {name} | {len(clusters)} | {figure} | {shown[0]} | {shown[1]} | {gain} |", flush=True)


def shown_interval(interval: Interval, sign: str = "") -> str:
    return f"{interval.mean:{sign}.3f} [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


if __name__ == "__main__":
    main()
