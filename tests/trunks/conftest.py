"""Files as libraries publish them, with random weights, and a server for them."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import WeightsEnum


def settled(network: nn.Module, side: int = 64) -> nn.Module:
    """Random weights whose batch norms know their inputs, so that what comes out is neither nothing nor chaos."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        network.train()(torch.randn(8, 3, side, side))
    return network.eval()


@dataclass
class Shop:
    """A server on this machine.

    Attributes:
        address: Where it is.
        files: Name -> content.
        asked: The names that were asked for.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Closed at the end of the test."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            shop.asked.append(name)
            self.send_response(200 if name in shop.files else 404)
            body = shop.files.get(name, b"")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield shop
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place where torchvision keeps weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """The state dict of a MobileNetV3."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return settled(models.mobilenet_v3_small(weights=None)).state_dict()


@pytest.fixture
def publish(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[WeightsEnum, object], str]:
    """Publish something as the weights of torchvision by that name; gives the name of the file."""

    def publish(weights: WeightsEnum, content: object) -> str:
        draft = tmp_path / "draft.pth"
        torch.save(content, draft)
        data = draft.read_bytes()
        name = f"network-{hashlib.sha256(data).hexdigest()[:8]}.pth"
        shop.files[name] = data
        monkeypatch.setattr(weights.value, "url", f"{shop.address}/{name}")
        return name

    return publish
