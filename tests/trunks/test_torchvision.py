"""Networks of torchvision without classifier, and their weights from a server."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models import MobileNet_V3_Small_Weights, WeightsEnum

from fashion_cli.errors import WeightsError
from fashion_cli.model_cards import InputSpec
from fashion_cli.trunks import from_torchvision
from fashion_cli.trunks.by_name import build_trunk, fetch_trunk
from fashion_cli.trunks.trunk import PretrainedTrunk, TrunkName, WeightsRequest
from tests.trunks.conftest import Shop

Publish = Callable[[WeightsEnum, object], str]
WEIGHTS = MobileNet_V3_Small_Weights.IMAGENET1K_V1
NAME = TrunkName("torchvision", "mobilenet_v3_small")


def fetch() -> PretrainedTrunk:
    return fetch_trunk(NAME, WeightsRequest("IMAGENET1K_V1"))


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("resnet18", "fc"),
        ("mobilenet_v3_small", "classifier.3"),
        ("efficientnet_b0", "classifier.1"),
        ("densenet121", "classifier"),
        ("convnext_tiny", "classifier.2"),
        ("swin_t", "head"),
    ],
)
@torch.inference_mode()
def test_a_trunk_gives_what_the_classifier_would_see(name: str, classifier: str) -> None:
    torch.manual_seed(0)
    whole = models.get_model(name, weights=None).eval()
    trunk = build_trunk({"trunk": f"torchvision:{name}"}, (64, 64))
    trunk.body.load_state_dict(
        {key: each for key, each in whole.state_dict().items() if key in trunk.body.state_dict()}
    )
    images = torch.randn(2, 3, 64, 64)
    embedding = trunk.body.eval()(images)
    layer = whole.get_submodule(classifier)
    assert isinstance(layer, nn.Linear)
    assert embedding.shape == (2, trunk.width)
    assert torch.allclose(layer(embedding), whole(images), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("resnet5O", None, "resnet50"),
        ("squeezenet1_1", (64, 64), "choose another"),
        ("vit_b_32", (64, 64), "224"),
    ],
)
def test_what_cannot_be_built_says_why(name: str, size: tuple[int, int] | None, said: str) -> None:
    with pytest.raises(WeightsError) as raised:
        build_trunk({"trunk": f"torchvision:{name}"}, size)
    assert said in raised.value.hint


def test_weights_are_downloaded_once_and_told_apart(
    shop: Shop, hub: Path, publish: Publish, state: dict[str, Tensor], capfd: pytest.CaptureFixture[str]
) -> None:
    file = publish(WEIGHTS, state)
    first, second = fetch(), fetch()
    assert shop.asked == [file]
    assert first.sha256 == second.sha256 == hashlib.sha256((hub / file).read_bytes()).hexdigest()
    assert set(first.tensors) == set(state)
    assert all(torch.equal(second.tensors[name], tensor) for name, tensor in state.items())
    assert first.options == {"trunk": "torchvision:mobilenet_v3_small"}
    assert f"{shop.address}/{file}" in first.source
    assert capfd.readouterr() == ("", "")


def test_without_a_connection_the_error_says_what_goes_where(
    shop: Shop, hub: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish(WEIGHTS, {})
    for url in (f"{shop.address}/gone-{file}", f"http://127.0.0.1:9/{file}"):  # not there; nobody listens
        monkeypatch.setattr(WEIGHTS.value, "url", url)
        with pytest.raises(WeightsError, match=re.escape(url)) as raised:
            fetch()
        assert raised.value.hint == f"fetch {Path(url).name} elsewhere and put it into {hub}"
    assert list(hub.iterdir()) == []


def test_a_file_that_was_put_there_by_hand(
    hub: Path, publish: Publish, state: dict[str, Tensor], shop: Shop, tmp_path: Path
) -> None:
    file = publish(WEIGHTS, state)
    hub.mkdir(parents=True)
    (hub / file).write_bytes(shop.files[file])
    assert set(fetch().tensors) == set(state)
    elsewhere = tmp_path / "by-hand.pth"
    elsewhere.write_bytes(shop.files[file])
    assert fetch_trunk(NAME, WeightsRequest(file=elsewhere)).sha256 == hashlib.sha256(shop.files[file]).hexdigest()
    assert shop.asked == []


def test_a_download_that_is_not_what_its_name_says(hub: Path, publish: Publish, shop: Shop) -> None:
    file = publish(WEIGHTS, {})
    shop.files[file] += b"!"
    with pytest.raises(WeightsError, match="invalid hash"):
        fetch()
    assert list(hub.iterdir()) == []


def test_a_damaged_file_is_found_though_it_was_downloaded_before(
    hub: Path, publish: Publish, state: dict[str, Tensor]
) -> None:
    file = publish(WEIGHTS, state)
    fetch()
    content = bytearray((hub / file).read_bytes())
    content[-1] ^= 1
    (hub / file).write_bytes(content)
    with pytest.raises(WeightsError, match="sha256") as raised:
        fetch()
    assert str(hub / file) in str(raised.value)


def test_the_whole_sha256_counts_where_it_is_known(
    hub: Path, publish: Publish, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish(WEIGHTS, state)
    digits = re.findall("[0-9a-f]{8}", file)[0]
    monkeypatch.setitem(from_torchvision.KNOWN_SHA256, file, digits + "0" * 56)
    with pytest.raises(WeightsError, match="sha256"):
        fetch()


def test_known_sha256_begin_as_the_files_are_named() -> None:
    urls = {
        Path(each.url).name for name in models.list_models(module=models) for each in models.get_model_weights(name)
    }
    for file, sha256 in from_torchvision.KNOWN_SHA256.items():
        assert file in urls
        assert re.fullmatch("[0-9a-f]{64}", sha256)
        assert f"-{sha256[:8]}." in file


class Burglar:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch burgled",)


def test_a_pickle_that_runs_code_is_not_run(
    hub: Path, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(WEIGHTS, {"weight": Burglar()})
    with pytest.raises(WeightsError, match="not a file of tensors"):
        fetch()
    assert not (tmp_path / "burgled").exists()


def test_weights_that_do_not_exist() -> None:
    with pytest.raises(WeightsError, match="IMAGENET1K_V3") as raised:
        fetch_trunk(NAME, WeightsRequest("IMAGENET1K_V3"))
    assert "IMAGENET1K_V1" in raised.value.hint


def test_old_names_of_densenet(hub: Path, publish: Publish) -> None:
    own = models.densenet121(weights=None).state_dict()
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12]\.)", r"\1.\2", name): each.half() for name, each in own.items()}
    publish(models.DenseNet121_Weights.IMAGENET1K_V1, old)
    assert set(old) != set(own)
    assert set(fetch_trunk(TrunkName("torchvision", "densenet121"), WeightsRequest()).tensors) == set(own)


@pytest.mark.parametrize(
    ("name", "weights", "expected"),
    [
        ("resnet50", "IMAGENET1K_V2", InputSpec(224, 224, fit="crop", crop_share=224 / 232)),
        ("vgg16", "IMAGENET1K_V1", InputSpec(224, 224, fit="crop", crop_share=224 / 256)),
        (
            "efficientnet_b0",
            "DEFAULT",
            InputSpec(224, 224, fit="crop", interpolation="bicubic", crop_share=224 / 256),
        ),
        (
            "efficientnet_v2_l",
            "DEFAULT",
            InputSpec(480, 480, (0.5,) * 3, (0.5,) * 3, fit="crop", interpolation="bicubic"),
        ),
    ],
)
def test_inputs_are_prepared_as_the_weights_want_it(name: str, weights: str, expected: InputSpec) -> None:
    assert from_torchvision._input_of(models.get_model_weights(name)[weights], None) == expected


@pytest.mark.parametrize("training", [False, True])
@torch.inference_mode()
def test_a_trunk_up_to_a_node_gives_the_mean_of_its_maps(training: bool) -> None:
    """Its average pools count real pixels alone; its tensors have torchvision's names."""
    torch.manual_seed(0)
    whole = models.inception_v3(weights=None, init_weights=False).eval()
    trunk = build_trunk({"trunk": "torchvision:inception_v3", "config": {"until": "Mixed_5b.cat"}}, None)
    names = set(trunk.body.state_dict())
    assert names < set(whole.state_dict())
    trunk.body.load_state_dict({name: each for name, each in whole.state_dict().items() if name in names})
    images = torch.randn(1, 3, 96, 80)
    maps = whole.maxpool1(whole.Conv2d_2b_3x3(whole.Conv2d_2a_3x3(whole.Conv2d_1a_3x3(images))))
    maps = whole.maxpool2(whole.Conv2d_4a_3x3(whole.Conv2d_3b_1x1(maps)))
    block = whole.Mixed_5b
    real = nn.functional.avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
    branches = [
        block.branch1x1(maps),
        block.branch5x5_2(block.branch5x5_1(maps)),
        block.branch3x3dbl_3(block.branch3x3dbl_2(block.branch3x3dbl_1(maps))),
        block.branch_pool(real),
    ]
    expected = torch.cat(branches, dim=1).mean(dim=(2, 3))
    body = trunk.body.train(training)
    for layer in body.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
    assert trunk.width == expected.shape[1] == 256
    assert torch.allclose(body(images), expected, atol=1e-4)


def test_a_node_that_is_not_there() -> None:
    with pytest.raises(WeightsError, match="no node 'Mixed_9z'"):
        build_trunk({"trunk": "torchvision:inception_v3", "config": {"until": "Mixed_9z"}}, None)
