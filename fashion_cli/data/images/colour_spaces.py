"""RGB colour spaces that files name by numbers instead of an ICC profile, written as ICC profiles.

PNG's `cICP` chunk and the `nclx` boxes of AVIF and HEIC hold code points of ITU-T H.273; PNG's `gAMA` and `cHRM` hold
the numbers themselves; a camera's EXIF says "R03" for Adobe RGB. As profiles, all go the way of an embedded one.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]  # x and y of CIE 1931
Curve = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]  # signal in [0, 1] -> light, 1 = white

D65: Point = (0.3127, 0.3290)
_CURVE_POINTS = 4096

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])  # white of the profile connection space


@dataclass(frozen=True)
class Primaries:
    """Where red, green, blue and white lie."""

    red: Point
    green: Point
    blue: Point
    white: Point = D65


SRGB = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))

# ITU-T H.273, table 2. 2 is "unspecified", and is read as sRGB as everything that says nothing.
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    2: SRGB,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}


def _srgb(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def _pq(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084, of which white paper has 203 of 10,000 cd/m2 (ITU-R BT.2408). Brighter is white."""
    root = signal ** (1 / 78.84375)
    light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return np.minimum(light * 10_000 / 203, 1)


def _hlg(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ARIB STD-B67, of which white paper is at 75 % of the signal (ITU-R BT.2408). Brighter is white."""

    def light(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        above = (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(value <= 0.5, value**2 / 3, above) ** 1.2  # a screen of 1,000 cd/m2

    return np.minimum(light(signal) / light(np.array([0.75])), 1)


def _power(gamma: float) -> Curve:
    return lambda signal: signal**gamma


# ITU-T H.273, table 3. The camera curves of television (1, 6, 14, 15) are shown like sRGB, as browsers do it.
_CURVES: dict[int, Curve] = {
    **dict.fromkeys((1, 2, 6, 13, 14, 15), _srgb),
    4: _power(2.2),
    5: _power(2.8),
    8: _power(1.0),
    16: _pq,
    18: _hlg,
}


@lru_cache(maxsize=16)
def profile_of_code_points(primaries: int, transfer: int) -> bytes:
    """The profile of a colour space of ITU-T H.273; b"" for sRGB and for what is not known here."""
    definition = _PRIMARIES.get(primaries), _CURVES.get(transfer)
    if definition[0] is None or definition[1] is None or definition == (SRGB, _srgb):
        return b""
    return _profile(definition[0], definition[1])


@lru_cache(maxsize=16)
def profile_of_gamma(gamma: float, primaries: Primaries = SRGB) -> bytes:
    """The profile of a colour space whose light is the signal to the power of gamma."""
    return _profile(primaries, _power(gamma))


def _profile(primaries: Primaries, curve: Curve) -> bytes:
    """A version 2 display profile: matrix and curve."""
    columns = _matrix_to_d50(primaries).T
    levels = np.rint(curve(np.linspace(0, 1, _CURVE_POINTS)) * 65_535).astype(">u2").tobytes()
    text = b"colour space\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"curv\0\0\0\0" + struct.pack(">I", _CURVE_POINTS) + levels),
    }
    directory, body = struct.pack(">I", len(tags)), b""
    first = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        directory += name + struct.pack(">II", first + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", first + len(body), bytes(4), 0x02200000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _encode_s15fixed16(_D50)
    return header.ljust(128, b"\0") + directory + body


def _matrix_to_d50(primaries: Primaries) -> npt.NDArray[np.float64]:
    """(3, 3) linear RGB to XYZ, adapted from the space's white to D50 by Bradford's method."""
    colours = np.stack([_to_xyz(point) for point in (primaries.red, primaries.green, primaries.blue)], axis=1)
    white = _to_xyz(primaries.white)
    matrix = colours * np.linalg.solve(colours, white)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted: npt.NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ matrix
    return adapted


def _to_xyz(point: Point) -> npt.NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + _encode_s15fixed16(values)


def _encode_s15fixed16(values: npt.NDArray[np.float64]) -> bytes:
    return np.rint(values * 65_536).astype(">i4").tobytes()
