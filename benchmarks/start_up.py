"""What people wait for before anything happens, each as a new process.

    python benchmarks/start_up.py INDEX PHOTOGRAPH INDEXED_PHOTOGRAPH [--rounds 9]

INDEX is an index directory, PHOTOGRAPH one that is not in it, INDEXED_PHOTOGRAPH one that is.

Wanted: `fashion --help` <= 3 x `import typer`; a search through ONNX Runtime <= 1/5 of the same through torch.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index")
    parser.add_argument("photograph")
    parser.add_argument("indexed")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    fashion = str(Path(sys.executable).with_name("fashion"))
    search = [fashion, "search", "--index", arguments.index, "--topk", "10", "--format", "jsonl"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import typer": [sys.executable, "-c", "import typer"],
        "import numpy": [sys.executable, "-c", "import numpy"],
        "import onnxruntime": [sys.executable, "-c", "import onnxruntime"],
        "import torch": [sys.executable, "-c", "import torch"],
        "fashion --help": [fashion, "--help"],
        "search, indexed": [*search, arguments.indexed],
        "search, onnx": [*search, "--engine", "onnx", arguments.photograph],
        "search, torch": [*search, "--engine", "torch", arguments.photograph],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(arguments.rounds + 1):
        for name, command in commands.items():
            times[name].append(_milliseconds(command))
    times = {name: values[1:] for name, values in times.items()}  # the first round warms the disk's cache
    print(
        json.dumps(
            {
                "milliseconds": {name: _spread(values) for name, values in times.items()},
                "ratios": {
                    "--help / import typer": _ratio(times["fashion --help"], times["import typer"]),
                    "search, onnx / torch": _ratio(times["search, onnx"], times["search, torch"]),
                },
            },
            indent=1,
        )
    )


def _milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - start)


def _ratio(these: list[float], those: list[float]) -> dict[str, float]:
    return _spread([this / that for this, that in zip(these, those, strict=True)])


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
    }


if __name__ == "__main__":
    main()
