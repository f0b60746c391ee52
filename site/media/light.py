"""Converts HDR (PQ, HLG) and wide-gamut images, identified by code points, to sRGB.

HEIC, AVIF and PNG may carry the code points of ITU-T H.273 instead of a profile. They are converted
like clips (`clip_normalization.py`), so that both look alike in a film. A PNG may name a gamma
instead, as renderers do that write linear light.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from media.clip_normalization import KNEE, PEAK_NITS, WHITE_NITS

PQ, HLG, UNSPECIFIED = 16, 18, 2  # transfer characteristics
BT709 = 1  # primaries
SRGB_GAMMA = 0.45455  # as a PNG names it; others this near are treated as equal
SAME_GAMMA = 0.02
MIN_GAMMA, MAX_GAMMA = 0.1, 2.5  # others make no sense
# To linear BT.709; other primaries are treated as BT.709
TO_BT709 = {
    9: (
        (1.660491, -0.587641, -0.072850),
        (-0.124550, 1.132900, -0.008349),
        (-0.018151, -0.100579, 1.118730),
    ),  # BT.2020
    12: (
        (1.224940, -0.224940, 0.0),
        (-0.042057, 1.042057, 0.0),
        (-0.019638, -0.078636, 1.098274),
    ),  # Display P3
}
META_FIRST = 1 << 20  # bytes of the file that are searched for the description
STEPS = 1 << 14  # entries of the table from linear light to sRGB

type Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Light:
    """Code points of primaries and transfer characteristics; the gamma of the file, if not 0,
    stands in place of the latter.
    """

    primaries: int
    transfer: int
    gamma: float = 0.0

    @property
    def hdr(self) -> bool:
        return self.transfer in {PQ, HLG}


def light_of(data: bytes, kind: str) -> Light | None:
    """Returns the code points of an image file; None for plain sRGB or if
    a profile describes it.
    """
    if kind in {"AVIF", "HEIF"}:
        at = data.find(b"colrnclx", 0, META_FIRST) + 8
        found = (
            Light(int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4]))
            if at > 8  # noqa: PLR2004
            else None
        )
        profiled = any(data.find(name, 0, META_FIRST) >= 0 for name in (b"colrprof", b"colrrICC"))
    elif kind == "PNG":
        return _light_of_png(dict(_chunks(data)))
    else:
        return None
    if found is None or not (found.hdr or (found.primaries in TO_BT709 and not profiled)):
        return None
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields name and content of each chunk of a PNG before its pixels."""
    at = 8
    while at + 8 <= min(len(data), META_FIRST):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if name == b"IDAT":
            return
        yield name, data[at + 8 : at + 8 + min(length, 8)]
        at += length + 12


def _light_of_png(chunks: dict[bytes, bytes]) -> Light | None:
    """The PNG standard gives code points precedence over a profile, and both over a gamma."""
    points = chunks.get(b"cICP", b"")
    if len(points) == 4:  # noqa: PLR2004
        found = Light(points[0], points[1])
        return found if found.hdr or found.primaries in TO_BT709 else None
    gamma = chunks.get(b"gAMA", b"")
    if len(gamma) != 4 or chunks.keys() & {b"iCCP", b"sRGB"}:  # noqa: PLR2004
        return None
    exponent = int.from_bytes(gamma) / 100_000
    if not MIN_GAMMA <= exponent <= MAX_GAMMA or abs(exponent - SRGB_GAMMA) < SAME_GAMMA:
        return None
    return Light(BT709, UNSPECIFIED, exponent)


def to_srgb(
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], light: Light
) -> npt.NDArray[np.uint8]:
    """Converts rows (height, width, 3) to sRGB, with diffuse white of HDR (203
    nits) at about 249.
    """
    linear = _table(light, 1 << (8 * pixels.itemsize))[pixels]
    if light.transfer == HLG:
        luminance = linear @ np.array((0.2627, 0.6780, 0.0593), np.float32)
        linear *= (luminance**0.2)[..., None] * (PEAK_NITS / WHITE_NITS)
    if light.primaries in TO_BT709:
        linear = np.maximum(linear @ np.array(TO_BT709[light.primaries], np.float32).T, 0)
    if light.hdr:
        strongest = np.maximum(linear.max(axis=2), 1e-6)
        linear *= (_pressed(strongest) / strongest)[..., None]
    return _SRGB[np.rint(np.minimum(linear, 1) * (STEPS - 1)).astype(np.int32)]


@lru_cache(maxsize=4)
def _table(light_as: Light, values: int) -> Floats:
    """Returns linear light for each of the values: 1 is diffuse white; for HLG, scene light."""
    signal = np.arange(values) / (values - 1)
    if light_as.gamma:
        light = signal ** (1 / light_as.gamma)
    elif light_as.transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = signal ** (1 / m2)
        light = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) * 10_000 / WHITE_NITS
    elif light_as.transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)  # noqa: PLR2004
    else:
        light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004
    return light.astype(np.float32)


def _pressed(light: Floats) -> Floats:
    """Compresses highlights above the knee by a Moebius curve, as ffmpeg does for clips."""
    peak = PEAK_NITS / WHITE_NITS
    a = -KNEE * KNEE * (peak - 1) / (KNEE * KNEE - 2 * KNEE + peak)
    b = (KNEE * KNEE - 2 * KNEE * peak + peak) / (peak - 1)
    curve = (b * b + 2 * b * KNEE + KNEE * KNEE) / (b - a) * (light + a) / (light + b)
    return np.where(light <= KNEE, light, curve).astype(np.float32)


def _srgb_table() -> npt.NDArray[np.uint8]:
    linear = np.linspace(0, 1, STEPS)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)  # noqa: PLR2004
    return np.rint(encoded * 255).astype(np.uint8)


_SRGB = _srgb_table()
