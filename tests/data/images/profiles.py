"""ICC profiles written by hand, from the numbers that their makers publish."""

import struct
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

# Red, green and blue in XYZ relative to D50, as they stand in the profiles of Apple, Adobe and Kodak
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
WHITE = (0.9642, 1.0, 0.8249)

Inks = tuple[int, int, int, int]  # cyan, magenta, yellow, black
Curve = float | Sequence[float]  # a gamma, or the five numbers of the curve of sRGB


def rgb_profile(colours: Sequence[Sequence[float]], curve: Curve) -> bytes:
    matrix = {name: _xyz(colour) for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colours, strict=True)}
    return _profile(b"RGB ", b"mntr", matrix | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(curve)))


def grey_profile(curve: Curve) -> bytes:
    return _profile(b"GRAY", b"mntr", {b"kTRC": _curve(curve)})


def cmyk_profile(lab_of_inks: Mapping[Inks, tuple[float, float, float]]) -> bytes:
    """A printer's profile: a table of two steps of each ink, by which colour lies where each ink is wholly or not.

    Args:
        lab_of_inks: (cyan, magenta, yellow, black), each 0 or 1 -> L, a, b. What is missing is black.
    """
    every = [(c, m, y, k) for c, m, y, k in product((0, 1), repeat=4)]
    nodes = [lab_of_inks.get(inks, (0.0, 0.0, 0.0)) for inks in every]
    lab = np.array([[round(L * 2.55), round(a + 128), round(b + 128)] for L, a, b in nodes], np.uint8)
    identity = bytes(range(256))
    matrix = struct.pack(">9i", *[65_536 * (row == column) for row in range(3) for column in range(3)])
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + lab.tobytes() + identity * 3
    return _profile(b"CMYK", b"prtr", {b"A2B0": table, b"A2B1": table}, connection=b"Lab ")


def _profile(space: bytes, device: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    name = b"by hand\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0nobody\0",
        b"wtpt": _xyz(WHITE),
        **tags,
    }
    directory, body, first = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        directory += tag + struct.pack(">II", first + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    version = 0x04200000 if any(content[:4] == b"para" for content in tags.values()) else 0x02100000
    header = struct.pack(">III4s4s4s", first + len(body), 0, version, device, space, connection) + bytes(4)
    header += bytes(8) + b"acsp" + bytes(28) + _xyz(WHITE)[8:]
    return header.ljust(128, b"\0") + directory + body


def _curve(curve: Curve) -> bytes:
    if isinstance(curve, float | int):
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(curve * 256))
    return b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *[round(number * 65_536) for number in curve])


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *[round(value * 65_536) for value in values])
