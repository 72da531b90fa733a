"""Thumbnails in terminals that can show pictures: kitty's graphics protocol and iTerm2's inline images."""

import base64
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from fashion_cli.commands.output.messages import say
from fashion_cli.commands.output.render import display_path, emit, tag_names
from fashion_cli.commands.output.search_results import summary
from fashion_cli.data.images import ImageReader, thumbnail
from fashion_cli.errors import ImageError
from fashion_cli.message_text import printable
from fashion_cli.model_cards import InputSpec
from fashion_cli.steps.search import SearchReport

Protocol = Literal["kitty", "iterm"]

SIDE = 160  # pixels
ROWS = 6  # of the terminal
CHUNK = 4096  # kitty takes no longer pieces of base64

_KITTY = {"xterm-kitty", "xterm-ghostty"}  # values of TERM
_ITERM = {"iTerm.app", "WezTerm"}  # values of TERM_PROGRAM


def picture_protocol(environment: Mapping[str, str]) -> Protocol | None:
    """What the terminal understands, from what it says about itself; None where it says nothing.

    Inside tmux and screen, which pass neither on, it is None too.
    """
    if "TMUX" in environment or environment.get("TERM", "").startswith(("screen", "tmux")):
        return None
    if environment.get("TERM") in _KITTY or "KITTY_WINDOW_ID" in environment:
        return "kitty"
    return "iterm" if environment.get("TERM_PROGRAM") in _ITERM else None


def picture(path: Path, protocol: Protocol) -> str:
    """What makes a terminal show a photograph, `ROWS` high; "" for one that cannot be read."""
    try:
        return "".join(_kitty(path)) if protocol == "kitty" else _iterm(path)
    except ImageError:
        return ""


def show_pictures(report: SearchReport, protocol: Protocol) -> None:
    """Print every query and its hits, each below its picture."""
    for result in report.results:
        for part in result.query:
            _show(part.path, f"query: {tag_names(result.tags)}", protocol)
        for hit in result.hits:
            about = (printable(display_path(hit.path)), tag_names(hit.shared_tags))
            _show(Path(hit.path), "  ".join((f"{hit.rank:>3}", f"{hit.cosine:.3f}", *about)), protocol)
    say(summary(report, sum(len(result.hits) for result in report.results)))


def _show(path: Path, text: str, protocol: Protocol) -> None:
    rendered = picture(path, protocol)
    emit(f"{rendered}\n{text}\n" if rendered else f"{text}\n")


def _kitty(path: Path) -> Iterator[str]:
    """Raw RGB in pieces: the protocol knows no JPEG."""
    pixels = ImageReader(InputSpec(SIDE, SIDE)).read(path).pixels
    data = base64.b64encode(zlib.compress(pixels.tobytes())).decode("ascii")
    control = f"a=T,f=24,o=z,s={SIDE},v={SIDE},r={ROWS},q=2,"
    for start in range(0, len(data), CHUNK):
        more = int(start + CHUNK < len(data))
        yield f"\033_G{control}m={more};{data[start : start + CHUNK]}\033\\"
        control = ""


def _iterm(path: Path) -> str:
    data = thumbnail(path, SIDE)
    encoded = base64.b64encode(data).decode("ascii")
    return f"\033]1337;File=inline=1;size={len(data)};height={ROWS};preserveAspectRatio=1:{encoded}\a"
