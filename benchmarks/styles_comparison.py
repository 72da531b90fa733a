"""ML-GCN beside a plain network and a basic CNN: three systems, three seeds each, tables 3 to 5 of Kim, Choi and Park.

    python -m benchmarks.styles_comparison --data PHOTOGRAPHS --init TRUNK.safetensors --out runs/styles
    python -m benchmarks.styles_comparison --full --data PHOTOGRAPHS --init torchvision:IMAGENET1K_V1 --out runs/styles

Trains what is not trained yet, one model after the other in `OUT/SYSTEM-SEED`, goes on where a run was cut off, then
measures all of them on the split `test`: tables on stdout, `OUT/figures.csv` and `OUT/correlation.png` beside the runs.
Everything after `--` goes to every `fashion train`, for example `-- --set stages.0.epochs=2`.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fashion_cli.model_cards import CARD_FILE

SYSTEMS = ("ml-gcn-small", "multi-label-small", "basic-cnn-small")  # recipes
FULL_SYSTEMS = ("ml-gcn", "multi-label", "basic-cnn")  # of the paper's size: a GPU is wanted
UNTRAINED = ("basic-cnn-small", "basic-cnn")  # start from random weights
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that the recipes' sources are relative to")
    parser.add_argument("--init", required=True, help="what the pretrained trunks start from, as `fashion train` does")
    parser.add_argument("--out", type=Path, required=True, help="where the runs lie")
    parser.add_argument("--full", action="store_true", help=f"{', '.join(FULL_SYSTEMS)} instead of the small ones")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("more", nargs="*", help="options of every `fashion train`, after --")
    options = parser.parse_args()
    systems = FULL_SYSTEMS if options.full else SYSTEMS
    runs = [(system, seed, options.out / f"{system}-{seed}") for seed in options.seeds for system in systems]
    for system, seed, out in runs:
        if not (out / CARD_FILE).exists():  # the last file of a run
            init = [] if system in UNTRAINED else ["--init", options.init]
            train = ("train", system, "--data", options.data, *init, "--out", out, "--seed", seed)
            fashion(*train, *options.more, keep=True)  # its figures are in the card
    models = [part for system in systems for name, _, out in runs if name == system for part in ("--model", out)]
    measure = ("eval", "styles", systems[0], "--data", options.data, "--split", "test", *models)
    table = fashion(*measure, "--format", "csv", "--quiet", keep=True)
    (options.out / "figures.csv").write_text(table, encoding="utf-8")
    fashion(*measure, "--format", "table", "--correlation", options.out / "correlation.png")


def fashion(*arguments: object, keep: bool = False) -> str:
    """Run a command of the package; stop where it fails.

    Args:
        arguments: Of the command.
        keep: Return what it prints instead of showing it.
    """
    command: Sequence[str] = [sys.executable, "-m", "fashion_cli", *map(str, arguments)]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE if keep else None)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout or ""


if __name__ == "__main__":
    main()
