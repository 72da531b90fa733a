"""An attribute map as one HTML file to pan, zoom, hover over and click in: all is inside it, and it loads nothing.

Plotly draws the points; `map_page_parts/` holds the page around them. Thumbnails are written as they are made, so
memory does not grow with their number.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fashion_cli.atomic_files import atomic_text
from fashion_cli.data.images import thumbnail
from fashion_cli.errors import ImageError
from fashion_cli.inference.processors import processors
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.steps.map import MapGroup, MapReport

Progress = Callable[[int, int], None]

# Pixels of a thumbnail's longest side, up to so many garments: 11,511 photographs of a shop make 11 MB at 96.
SIDES = ((20_000, 96), (50_000, 64))
SMALLEST_SIDE = 48
AT_ONCE = 256  # thumbnails


def write_map_page(report: MapReport, path: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Write a map as one HTML file.

    Args:
        report: The map.
        path: Where to.
        progress: Called with (done, total) thumbnails.

    Raises:
        OutputError: If the file cannot be written.
    """
    from plotly.offline import get_plotlyjs

    with atomic_text(path) as stream:
        stream.writelines(_page(report, _embeddable(get_plotlyjs()), progress))


def _page(report: MapReport, plotly: str, progress: Progress) -> Iterator[str]:
    script = _part("page.js")
    title = f"Attribute map of {counted(len(report.paths), 'garment')}"
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(plotly, script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_part('page.css')}</style>\n</head>\n<body>\n{_part('page.html')}"
        '<script type="text/plain" id="thumbnails">'
    )
    ends: list[int] = []
    for text in _thumbnails(report.paths, progress):
        ends.append((ends[-1] if ends else 0) + len(text))
        yield text
    yield f'</script>\n<script type="application/json" id="data">{_data(report, ends)}</script>\n'
    yield f"<script>{plotly}</script>\n<script>{script}</script>\n</body>\n</html>\n"


def _policy(*scripts: str) -> str:
    """What a browser lets the page do: run these very scripts, and load nothing from anywhere.

    Plotly compiles its shaders' calls while it runs, hence 'unsafe-eval'.
    """
    digests = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts)
    hashes = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _part(name: str) -> str:
    return (resources.files("fashion_cli.commands.output") / "map_page_parts" / name).read_text(encoding="utf-8")


def _embeddable(script: str) -> str:
    """JavaScript that a script element can hold, as a browser reads it: its hash is of these characters."""
    return script.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _thumbnails(paths: Sequence[str], progress: Progress) -> Iterator[str]:
    """Small WebP pictures in base64, in order; "" for a photograph that cannot be read."""
    side = next((side for most, side in SIDES if len(paths) <= most), SMALLEST_SIDE)

    def made(path: str) -> str:
        try:
            return base64.b64encode(thumbnail(Path(path), side, kind="WEBP")).decode("ascii")
        except ImageError:
            return ""

    with ThreadPoolExecutor(processors(), thread_name_prefix="thumbnail") as threads:
        for start in range(0, len(paths), AT_ONCE):
            yield from threads.map(made, paths[start : start + AT_ONCE])
            progress(min(start + AT_ONCE, len(paths)), len(paths))


def _data(report: MapReport, thumbnail_ends: Sequence[int]) -> str:
    """What the page's script reads, as JSON that a script element can hold."""
    document = {
        "model": printable(report.model),
        "source": printable(str(report.source)),
        "names": _names(report.paths),
        "x": _pack(np.rint(report.points[:, 0] * 65535), "<u2"),
        "y": _pack(np.rint(report.points[:, 1] * 65535), "<u2"),
        "neighbours": _pack(report.neighbours, "<u4"),
        "thumbnailEnds": _pack(np.array(thumbnail_ends), "<u4"),
        "groups": [_group(group) for group in report.groups],
        "columns": {
            printable(name): [printable(value) for value in values]
            for name, values in report.columns.items()
            if any(values)
        },
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _group(group: MapGroup) -> dict[str, Any]:
    return {
        "name": printable(group.name),
        "tags": [printable(tag) for tag in group.tags],
        "exclusive": group.exclusive,
        "best": _pack(group.best, "<u2"),
        "scores": _pack(np.rint(group.scores * 255), "u1"),
        "plane": _pack(group.plane, "<u2"),
        "planeScores": _pack(np.rint(group.plane_scores * 255), "u1"),
    }


def _names(paths: Sequence[str]) -> list[str]:
    """Paths from the folder on that all have in common."""
    common = os.path.commonpath([os.path.split(path)[0] for path in paths])
    return [printable(os.path.relpath(path, common)) for path in paths]


def _pack(values: npt.NDArray[Any], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=np.dtype(kind)).tobytes()).decode("ascii")
