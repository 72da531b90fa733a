"""A feature file follows its folder: only what is new or changed is read, and a kill loses nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from fashion_cli.atomic_files import partial_path
from fashion_cli.data import file_stamps
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.file_stamps import FileStamp
from fashion_cli.embedding.update import UpdateReport, update_features
from fashion_cli.errors import FeatureFileError, ImageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.weights import open_model


def draw(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Photographs of noise, each with bytes of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        path = folder / f"{seed}-{number:03}.png"
        Image.fromarray(rng.integers(0, 255, (32, 24, 3), np.uint8)).save(path)
        paths.append(path)
    return paths


@pytest.fixture
def update(tiny_model: Path, tmp_path: Path):
    model = open_model(tiny_model)
    options = InferenceOptions(model=str(tiny_model), batch_size=4, workers=2)

    def run(images: list[Path], **more) -> UpdateReport:
        return update_features(images, tmp_path / "f.h5", model, options, lambda done, total: None, **more)

    return run


def rows(file: Path) -> dict[str, np.ndarray]:
    with FeatureFile.open(file) as features:
        return dict(zip(features.paths(), features.vectors(), strict=True))


def test_only_new_and_changed_photographs_are_embedded(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 10)
    first = update(images)
    assert (first.rows, first.embedded, first.kept) == (10, 10, 0)
    before = rows(tmp_path / "f.h5")

    images += draw(tmp_path / "gallery", 3, seed=1)
    Image.new("RGB", (20, 20), "red").save(images[0])
    os.utime(images[1], ns=(1, 1))  # another time, the same bytes
    second = update(images)
    assert (second.rows, second.embedded, second.kept, second.moved, second.dropped) == (13, 4, 9, 0, 1)
    after = rows(tmp_path / "f.h5")
    assert set(after) == {str(path) for path in images}
    for path in images[1:10]:
        assert (after[str(path)] == before[str(path)]).all()
    assert (after[str(images[0])] != before[str(images[0])]).any()


def test_an_unchanged_folder_is_not_written(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 5)
    update(images)
    written = (tmp_path / "f.h5").stat().st_mtime_ns
    again = update(images)
    assert again.unchanged
    assert again.kept == 5
    assert (tmp_path / "f.h5").stat().st_mtime_ns == written


def test_what_moved_is_kept_and_what_is_gone_is_dropped(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 6)
    update(images)
    before = rows(tmp_path / "f.h5")
    moved = tmp_path / "gallery" / "sub dir" / "new näme.png"
    moved.parent.mkdir()
    shutil.move(images[2], moved)
    images[5].unlink()
    wanted = [*images[:2], moved, *images[3:5]]
    report = update(wanted)
    assert (report.rows, report.embedded, report.kept, report.moved, report.dropped) == (5, 0, 4, 1, 1)
    after = rows(tmp_path / "f.h5")
    assert set(after) == {str(path) for path in wanted}
    assert (after[str(moved)] == before[str(images[2])]).all()


def test_unreadable_photographs_are_named_and_the_rest_goes_on(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 5)
    images[0].write_bytes(b"no photograph")
    images[3].write_bytes(images[3].read_bytes()[:60])
    report = update([*images, tmp_path / "missing.png"])
    assert report.rows == 3
    assert [Path(each.path).name for each in report.skipped] == ["0-000.png", "0-003.png", "missing.png"]
    assert all(each.reason for each in report.skipped)


def test_vectors_of_another_model_are_refused(update, tiny_model: Path, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 2)
    update(images)
    kept = (tmp_path / "f.h5").read_bytes()
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert features.header.weights_sha256 == open_model(tiny_model).card.weights_sha256
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    card = (other / "card.json").read_text()
    sha = open_model(tiny_model).card.weights_sha256
    (other / "card.json").write_text(card.replace(sha, "0" * 64))
    with pytest.raises(FeatureFileError, match="do not compare"):
        update_features(images, tmp_path / "f.h5", open_model(other), InferenceOptions(), lambda done, total: None)
    assert (tmp_path / "f.h5").read_bytes() == kept


def test_a_file_is_never_replaced_by_an_empty_one(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 3)
    update(images)
    before = (tmp_path / "f.h5").read_bytes()
    for image in images:
        image.unlink()
    with pytest.raises(ImageError, match="none of the 3"):
        update(images)
    assert (tmp_path / "f.h5").read_bytes() == before


def test_other_rows_stay_where_they_are_asked_to(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 6)
    update(images[:4])
    for image in images[:2]:
        image.unlink()
    report = update(images[3:], keep_others=True)
    assert (report.rows, report.embedded, report.dropped) == (6, 2, 0)
    assert update(images[4:], keep_others=True).unchanged


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_useless_partial_file_is_passed_over(update, tmp_path: Path, content: bytes) -> None:
    images = draw(tmp_path / "gallery", 3)
    partial_path(tmp_path / "f.h5").write_bytes(content)
    assert update(images).embedded == 3


def test_labels_of_a_changed_photograph_stay(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 3)
    update(images, columns={"item_id": {str(path): path.stem for path in images}})
    Image.new("RGB", (20, 20), "red").save(images[1])
    report = update(images)
    assert (report.embedded, report.kept, report.dropped) == (1, 2, 1)
    with FeatureFile.open(tmp_path / "f.h5") as features:
        labels = dict(zip(features.paths(), features.column("item_id"), strict=True))
    assert labels == {str(path): path.stem for path in images}


def test_what_a_cut_off_run_finished_is_not_counted_as_dropped(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 4)
    update(images[:3])
    shutil.copy(tmp_path / "f.h5", partial_path(tmp_path / "f.h5"))
    report = update(images)
    assert (report.embedded, report.kept, report.dropped) == (1, 3, 0)


def rewrite_alike(path: Path, seed: int) -> None:
    """Another photograph in the same file, with the same size and the same modification time."""
    before = path.stat()
    noise = np.random.default_rng(seed).integers(0, 255, (32, 24, 3), np.uint8)
    Image.fromarray(noise).save(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def draw_bitmaps(folder: Path, count: int) -> list[Path]:
    """Photographs whose files all have the same size."""
    folder.mkdir()
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 255, (32, 24, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.bmp")
    return sorted(folder.iterdir())


@pytest.fixture(params=["settled", "fresh"])
def _clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, as if hours went by; or as written this moment."""
    if request.param == "settled":
        monkeypatch.setattr(file_stamps, "TICK", 0)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("how", ["in place", "renamed over", "exchanged"])
def test_new_content_of_the_same_size_and_time_is_seen(update, tmp_path: Path, how: str) -> None:
    images = draw_bitmaps(tmp_path / "gallery", 5)
    for image in images:
        os.utime(image, ns=(0, 0))  # as an archive without times leaves them
    update(images)
    before = rows(tmp_path / "f.h5")
    if how == "in place":
        rewrite_alike(images[2], seed=77)
    elif how == "renamed over":
        other = Path(shutil.copy2(images[2], tmp_path / "other.bmp"))
        rewrite_alike(other, seed=77)
        other.replace(images[2])
    else:
        images[2].rename(tmp_path / "aside")
        images[3].rename(images[2])
        (tmp_path / "aside").rename(images[3])
    report = update(images)
    assert report.embedded == (how != "exchanged")
    after = rows(tmp_path / "f.h5")
    assert (after[str(images[2])] != before[str(images[2])]).any()
    for image in (images[0], images[1], images[4]):
        assert (after[str(image)] == before[str(image)]).all()
    if how == "exchanged":
        assert (after[str(images[2])] == before[str(images[3])]).all()


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("keeps_times", [True, False])
def test_a_restored_copy_is_read_and_not_embedded_again(update, tmp_path: Path, keeps_times: bool) -> None:
    images = draw(tmp_path / "gallery", 5)
    update(images)
    before = rows(tmp_path / "f.h5")
    shutil.copytree(tmp_path / "gallery", tmp_path / "copy", copy_function=shutil.copy2 if keeps_times else shutil.copy)
    shutil.rmtree(tmp_path / "gallery")
    (tmp_path / "copy").rename(tmp_path / "gallery")  # other inodes and times, as in another container
    report = update(images)
    assert (report.embedded, report.kept, report.moved, report.dropped) == (0, 5, 0, 0)
    assert update(images).unchanged
    after = rows(tmp_path / "f.h5")
    assert all((after[path] == before[path]).all() for path in before)


def test_where_all_files_have_one_time_the_bytes_decide(
    update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only image of a file system has one time for all, the same one in its next version."""
    images = draw_bitmaps(tmp_path / "gallery", 4)
    built = 315_532_800 * 10**9
    monkeypatch.setattr(FileStamp, "of", lambda status: FileStamp(built, 7, built))
    update(images)
    assert update(images).unchanged
    rewrite_alike(images[1], seed=77)
    assert update(images).embedded == 1


def test_another_file_of_the_same_times_is_seen_by_its_number(
    update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems leave the times of a file alone that takes the place of another one."""
    images = draw_bitmaps(tmp_path / "gallery", 4)
    moment = 1_700_000_000_123_456_789
    monkeypatch.setattr(FileStamp, "of", lambda status: FileStamp(moment, status.st_ino, moment))
    update(images)
    assert update(images).unchanged
    other = Path(shutil.copy(images[2], tmp_path / "other.bmp"))
    rewrite_alike(other, seed=77)
    other.replace(images[2])
    assert update(images).embedded == 1


@pytest.mark.usefixtures("_clock")
def test_new_content_of_the_only_photograph_is_seen(update, tmp_path: Path) -> None:
    """Nothing else has its time, which proves nothing while the clock has not gone on."""
    images = draw_bitmaps(tmp_path / "gallery", 1)
    update(images)
    assert update(images).unchanged
    rewrite_alike(images[0], seed=77)
    assert update(images).embedded == 1


@pytest.mark.parametrize("seconds", [10_413_792_000, -1, 0, -11_644_473_600])  # 2300, 1969, 1970, 1601
def test_odd_times_are_nobodys_trouble(update, tmp_path: Path, seconds: int) -> None:
    images = draw(tmp_path / "gallery", 4)
    os.utime(images[1], (seconds, seconds))
    assert (update(images).embedded, update(images).unchanged) == (4, True)
    Image.new("RGB", (20, 20), "red").save(images[1])
    os.utime(images[1], (seconds, seconds))
    assert update(images).embedded == 1


def test_a_file_of_an_older_program_is_continued_without_embedding_again(update, tmp_path: Path) -> None:
    images = draw_bitmaps(tmp_path / "gallery", 5)
    update(images)
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        del file["inode"], file["ctime_ns"]
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert not features.stamped
        assert [each.stamp.detects_changes for each in features.identities()] == [False] * 5
    rewrite_alike(images[4], seed=77)
    report = update(images)
    assert (report.embedded, report.kept) == (1, 4)
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert features.stamped
    assert update(images).unchanged


def test_rows_that_an_older_program_added_are_looked_at_again(update, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 4)
    update(images)
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        file["inode"].resize(2, axis=0)  # it knows no such column, and leaves it short
        file["ctime_ns"].resize(2, axis=0)
    report = update(images)
    assert (report.embedded, report.kept, report.unchanged) == (0, 4, False)


WRITER = """
import sys
from pathlib import Path
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.embedding.update import update_features
from fashion_cli.weights import open_model
model, folder, target = map(Path, sys.argv[1:])
update_features(sorted(folder.iterdir()), target, open_model(model),
                InferenceOptions(engine="onnx", batch_size=2, workers=2), lambda done, total: print(done, flush=True))
"""


@pytest.mark.campaign
def test_kills_lose_no_finished_row(tiny_model: Path, tmp_path: Path) -> None:
    images = draw(tmp_path / "gallery", 300)
    target = tmp_path / "f.h5"
    rng = np.random.default_rng(0)
    finished = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tiny_model), str(tmp_path / "gallery"), str(target)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            reported = int(line)
            if reported > finished + 10:
                break
        time.sleep(float(rng.uniform(0, 0.02)))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if target.exists():
            break
        with FeatureFile.open(partial_path(target)) as features:
            assert len(features) >= reported
            finished = len(features)
    model = open_model(tiny_model)
    report = update_features(images, target, model, InferenceOptions(engine="onnx"), lambda done, total: None)
    assert report.rows == 300
    assert report.kept >= finished
    plain = update_features(
        images, tmp_path / "plain.h5", model, InferenceOptions(engine="onnx"), lambda done, total: None
    )
    assert plain.embedded == 300
    resumed, straight = rows(target), rows(tmp_path / "plain.h5")
    assert set(resumed) == set(straight)
    for path in resumed:
        assert np.abs(resumed[path].astype(np.float32) - straight[path]).max() < 2e-3
