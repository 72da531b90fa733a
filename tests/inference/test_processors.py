"""The share of the processors that a container is given, as /proc and /sys/fs/cgroup tell of it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from fashion_cli.inference import processors as module
from fashion_cli.inference.engines import open_engine
from fashion_cli.inference.onnx_engine import OnnxEngine
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.inference.processors import processor_limit, processors
from fashion_cli.training.processes import start_processes
from fashion_cli.weights import open_model


def process(folder: Path, cgroup: str, *mounts: str) -> Path:
    """A folder as /proc/self. `mounts` are "root place kind options", places below `folder`."""
    own = folder / "proc"
    own.mkdir()
    (own / "cgroup").write_text(cgroup)
    lines = ["22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"]
    for mount in mounts:
        root, place, kind, options = mount.split()
        lines.append(f"31 23 0:27 {root} {folder / place} rw,nosuid shared:9 master:2 - {kind} {kind} {options}")
    (own / "mountinfo").write_text("\n".join(lines) + "\n")
    return own


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


@pytest.mark.parametrize(
    ("quota", "limit"),
    [("max 100000", None), ("150000 100000", 1.5), ("50000 100000", 0.5), ("400000 100000", 4.0), ("nonsense", None)],
)
def test_version_2(quota: str, limit: float | None, tmp_path: Path) -> None:
    own = process(tmp_path, "0::/app/worker\n", "/ cgroup cgroup2 rw,nsdelegate")
    write(tmp_path / "cgroup/app/worker/cpu.max", quota)
    assert processor_limit(own) == limit


def test_the_narrowest_of_all_groups_above_counts(tmp_path: Path) -> None:
    own = process(tmp_path, "0::/pod/app/worker\n", "/ cgroup cgroup2 rw")
    write(tmp_path / "cgroup/pod/cpu.max", "200000 100000")
    write(tmp_path / "cgroup/pod/app/cpu.max", "max 100000")
    write(tmp_path / "cgroup/pod/app/worker/cpu.max", "300000 100000")
    write(tmp_path / "cpu.max", "100 100000")  # above the hierarchy: no group
    assert processor_limit(own) == 2.0


def test_in_a_container_its_own_group_is_the_root(tmp_path: Path) -> None:
    own = process(tmp_path, "0::/\n", "/ cgroup cgroup2 rw")
    write(tmp_path / "cgroup/cpu.max", "250000 100000")
    assert processor_limit(own) == 2.5


@pytest.mark.parametrize(("quota", "limit"), [("-1", None), ("150000", 1.5)])
@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct", "cpuacct,cpu"])
def test_version_1(quota: str, limit: float | None, controllers: str, tmp_path: Path) -> None:
    text = f"5:memory:/docker/1a\n4:{controllers}:/docker/1a\n3:cpuset:/docker/1a\n0::/\n"
    own = process(tmp_path, text, f"/docker/1a cpu cgroup rw,{controllers}", "/docker/1a cpuset cgroup rw,cpuset")
    write(tmp_path / "cpu/cpu.cfs_quota_us", quota)
    write(tmp_path / "cpu/cpu.cfs_period_us", "100000")
    assert processor_limit(own) == limit


def test_a_group_that_is_mounted_elsewhere_is_not_guessed(tmp_path: Path) -> None:
    own = process(tmp_path, "4:cpu:/docker/1a\n", "/other cpu cgroup rw,cpu")
    write(tmp_path / "cpu/cpu.cfs_quota_us", "200000")
    write(tmp_path / "cpu/cpu.cfs_period_us", "100000")
    assert processor_limit(own) == 2.0  # what the process sees as its root limits it


def test_no_groups_no_limit(tmp_path: Path) -> None:
    assert processor_limit(tmp_path / "nowhere") is None
    assert processor_limit(process(tmp_path, "", "/ cgroup cgroup2 rw")) is None


@pytest.mark.parametrize(("quota", "expected"), [("1 100000", 1), ("100001 100000", 2), ("9900000 100000", 99)])
def test_a_part_of_a_processor_counts_and_none_more_than_there_are(
    quota: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "cgroup/cpu.max", quota)
    monkeypatch.setattr(module, "PROCESS", process(tmp_path, "0::/\n", "/ cgroup cgroup2 rw"))
    assert processors() == min(expected, len(os.sched_getaffinity(0)))


@pytest.fixture
def _one_of_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A container that is given one processor of the machine's four."""
    write(tmp_path / "cgroup/cpu.max", "100000 100000")
    monkeypatch.setattr(module, "PROCESS", process(tmp_path, "0::/\n", "/ cgroup cgroup2 rw"))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_one_of_four")
def test_onnx_runtime_is_given_the_share(tiny_model: Path) -> None:
    engine = open_engine(open_model(tiny_model), InferenceOptions(engine="onnx"), photographs=1000)
    assert isinstance(engine, OnnxEngine)
    assert (engine.num_threads, engine._session.get_session_options().intra_op_num_threads) == (1, 1)


@pytest.mark.usefixtures("_one_of_four")
def test_torch_is_given_the_share(tiny_model: Path) -> None:
    engine = open_engine(open_model(tiny_model), InferenceOptions(engine="torch", device="cpu"), photographs=1000)
    assert (engine.num_threads, torch.get_num_threads()) == (1, 1)


@pytest.mark.usefixtures("_one_of_four")
def test_training_is_given_the_share() -> None:
    start_processes("no")
    assert torch.get_num_threads() == 1
