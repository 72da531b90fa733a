"""Fixtures that more than one test module needs, and how tests are divided among processes."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, TagGroup, Vocabulary
from tests.required import not_there

TINY_VOCABULARY = Vocabulary(
    (
        TagGroup("category", ("shirt", "dress", "shoes", "bag"), exclusive=False),
        TagGroup("colour", ("red", "green", "blue"), exclusive=True, thresholds=(0.3, 0.3, 0.3)),
    )
)
STYLE_VOCABULARY = Vocabulary(
    (
        TagGroup("style", ("techwear", "dandy", "preppy", "rock chic"), exclusive=True, thresholds=(0.2,) * 4),
        TagGroup("season", ("summer", "winter", "any"), exclusive=False),
    )
)


# Folders whose tests share something expensive (a database server, a browser): one process runs all of them.
SHARED_SETUP = ("tests/products", "tests/web/page")

# What takes longest comes first, so that no process is left with it when the others are done.
LONGEST = (
    "tests/steps/test_train.py",
    "tests/crawling/test_shop.py",
    "tests/web/page",
    "tests/commands/test_map_page.py",
    "tests/products",
    "tests/training/test_loop.py",
    "tests/steps/test_fetch_weights.py",
    "tests/crawling/test_again.py",
    "tests/acceptance/test_privacy.py",
    "tests/inference/test_onnx_export.py",
    "tests/crawling/test_browser.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--campaigns", action="store_true", help="also run tests marked as campaigns; CI=true does")


def pytest_configure() -> None:
    """In each of several processes: compute on one thread, for more would only wait, and print into a plain pipe."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.pop("COLUMNS", None)  # pytest-xdist sets it


def group_of(nodeid: str) -> str:
    """What one process runs as a whole: a module, or a folder that shares a set-up."""
    module = nodeid.partition("::")[0]
    return next((folder for folder in SHARED_SETUP if module.startswith(f"{folder}/")), module)


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole groups to each process. pytest-xdist's own marks for groups get lost under pytest 9.2, without a word."""
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put first what takes longest; leave campaigns to CI."""
    all_run = config.getoption("--campaigns") or os.environ.get("CI") == "true"
    campaigns = [item for item in items if item.get_closest_marker("campaign")]
    first = {group_of(item.nodeid) for item in campaigns} if all_run else set()
    places = {group: place for place, group in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[bool, int]:
        group = group_of(item.nodeid)
        return group not in first, places.get(group, len(places))

    items.sort(key=place)
    if not all_run:
        config.hook.pytest_deselected(items=campaigns)
        items[:] = [item for item in items if item not in campaigns]


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that the first process which needs it builds, and that all processes of a run share.

    Args:
        factory: Of the process.
        name: Of the folder.
        build: Makes the folder at a path.
    """
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built"
    shared.mkdir(exist_ok=True)
    folder, complete = shared / name, shared / f"{name}.complete"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            build(folder)
            complete.touch()
    return folder


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder of real photographs: `$FASHION_TEST_DATA`, else `../shared/data`.

    Missing is a failure where CI=true, else a skip that says why.
    """
    folder = Path(os.environ.get("FASHION_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        not_there(f"no real photographs at {folder}: set FASHION_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with random weights, always the same: 64 x 48 pixels in, vectors of 16 and 7 tags out.

    Like photographs get like vectors, others others (cosines from about 0.7), and every tag holds for about half of
    all drawn photographs. Tests share it: copy it before changing anything.
    """
    spec = InputSpec(64, 48, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return built_once(tmp_path_factory, "tiny", lambda folder: random_model(folder, 0, spec, TINY_VOCABULARY))


@pytest.fixture(scope="session")
def untagged_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A retrieval model beside the tiny one: other weights, 56 x 56 pixels in, vectors only. Shared likewise."""
    spec = InputSpec(56, 56, (0.4, 0.5, 0.6), (0.3, 0.3, 0.3), padding=0)
    return built_once(tmp_path_factory, "untagged", lambda folder: random_model(folder, 1, spec, Vocabulary(())))


@pytest.fixture(scope="session")
def style_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger beside the tiny one: other weights, 48 x 48 pixels in, other groups. Shared likewise."""
    spec = InputSpec(48, 48, (0.5, 0.5, 0.5), (0.4, 0.4, 0.4))
    return built_once(tmp_path_factory, "styles", lambda folder: random_model(folder, 2, spec, STYLE_VOCABULARY))


def random_model(directory: Path, seed: int, spec: InputSpec, vocabulary: Vocabulary) -> Path:
    """A model directory with random weights that tell drawn photographs apart, and its name."""
    import torch
    from torch import nn

    from fashion_cli.inference.onnx_export import export_onnx
    from fashion_cli.models.multitask_mobilenet import MultitaskMobileNet
    from fashion_cli.weights import Model
    from fashion_cli.zoo import save_weights

    card = ModelCard(
        name=directory.name,
        architecture="multitask_mobilenet",
        summary="random weights for tests",
        source="nowhere",
        licence="CC0-1.0",
        vector_width=16,
        input=spec,
        vocabulary=vocabulary,
    )
    directory.mkdir()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = MultitaskMobileNet(card.vector_width, len(card.vocabulary))
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None  # the plain mean over all batches
                nn.init.constant_(layer.bias, 2)  # amid ReLU6, nearly linear: random layers else lead to chaos
        size = (spec.height, spec.width)
        blotches = nn.functional.interpolate(torch.rand(32, 3, 8, 6) * 2 - 1, size, mode="bilinear")
        network.train()(blotches)
        common = network.eval().pooled(blotches).mean(dim=0)
        network.vector_head.bias.sub_(0.5 * network.vector_head.weight @ common)
        if network.tag_head is not None:
            network.tag_head.weight.mul_(3)
            network.tag_head.bias.copy_(-network.tag_head.weight @ common)
    files = {SAFETENSORS_FILE: save_weights(network.eval(), directory / SAFETENSORS_FILE)}
    card = ModelCard(**{**vars(card), "files": files})
    card.write(directory / CARD_FILE)
    export_onnx(Model(directory, card))
    return directory
