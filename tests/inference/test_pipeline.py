"""The prediction loop: what a model cannot answer costs one photograph, not the run."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import ImageReader
from fashion_cli.inference.pipeline import predict_images
from fashion_cli.model_cards import InputSpec
from fashion_cli.outputs import Predictions

WRONG = {"nan": np.nan, "infinite": np.inf, "beyond float16": 1e30, "zero": 0.0}


class Brightness:
    """An engine whose vector is a photograph's colour; where it is red, a number that is none of a vector."""

    name, num_threads, fast_images = "brightness", 2, False

    def __init__(self, wrong: float) -> None:
        self.wrong = wrong

    def predict(self, pixels: npt.NDArray[np.uint8]) -> Predictions:
        red = pixels[:, 4, 4, 0] > 200
        vectors = np.tile(np.array([[0.6, 0.8]], np.float32), (len(pixels), 1))
        vectors[red] = self.wrong
        return Predictions(vectors, np.full((len(pixels), 3), 0.5, np.float32))


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_has_no_vector_is_skipped_and_named(tmp_path: Path, wrong: float) -> None:
    colours = ("blue", "red", "green", "blue", "red")
    paths = [tmp_path / f"{number}.png" for number in range(len(colours))]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (8, 8), colour).save(path)
    batches = list(predict_images(paths, ImageReader(InputSpec(8, 8)), Brightness(wrong), batch_size=2))
    found = [path for batch in batches for path in batch.rows.paths]
    assert found == [str(paths[place]) for place in (0, 2, 3)]
    skipped = [each for batch in batches for each in batch.skipped]
    assert [each.path for each in skipped] == [str(paths[1]), str(paths[4])]
    assert all("not finite or not of unit length" in each.reason for each in skipped)
