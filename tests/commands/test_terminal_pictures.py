import base64
import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fashion_cli.commands.output.terminal_pictures import CHUNK, SIDE, picture, picture_protocol, show_pictures
from fashion_cli.steps.search import SearchReport


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/run/tmux"}, None),
        ({"TERM": "xterm-256color"}, None),
        ({}, None),
    ],
)
def test_what_a_terminal_says_about_itself(environment: dict[str, str], protocol: str | None) -> None:
    assert picture_protocol(environment) == protocol


def test_kitty_gets_raw_pixels_in_pieces(tmp_path: Path, drawn: Callable[..., Path]) -> None:
    path = drawn(tmp_path / "a.png", size=(300, 300))
    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    noise.save(path)
    text = picture(path, "kitty")
    pieces = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", text)
    assert "".join(f"\033_G{control};{data}\033\\" for control, data in pieces) == text
    assert f"f=24,o=z,s={SIDE},v={SIDE}" in pieces[0][0]
    assert [control[-3:] for control, _ in pieces] == ["m=1"] * (len(pieces) - 1) + ["m=0"]
    assert all(len(data) <= CHUNK for _, data in pieces)
    pixels = zlib.decompress(base64.b64decode("".join(data for _, data in pieces)))
    assert len(pixels) == SIDE * SIDE * 3


def test_iterm_gets_a_jpeg(tmp_path: Path, drawn: Callable[..., Path]) -> None:
    text = picture(drawn(tmp_path / "a.png"), "iterm")
    head, _, rest = text.partition(":")
    assert head.startswith("\033]1337;File=inline=1;size=")
    image = Image.open(io.BytesIO(base64.b64decode(rest.removesuffix("\a"))))
    assert image.size == (60, 80)


def test_a_photograph_that_cannot_be_read_is_left_out() -> None:
    assert picture(Path("/gone.jpg"), "iterm") == picture(Path("/gone.jpg"), "kitty") == ""


def test_every_hit_has_a_line_below_its_picture(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_pictures(report, "iterm")
    out, err = capsys.readouterr()
    lines = re.sub(r"\033\]1337[^\a]*\a", "<picture>", out).splitlines()
    assert lines[:4] == ["<picture>", "query: dress, red", "<picture>", "  1  0.988  shop/[red] <b>å.png  red, dress"]
    assert lines[4] == r"  2  0.500  '/gone/a\nb.jpg'  "
    assert "3 of 1,234" in err
