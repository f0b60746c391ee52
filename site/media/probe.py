"""Parses ffmpeg's description of a film."""

import re
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext_noop

from media.errors import MediaError

# An untrusted clip may be a playlist that names other files or URLs: only plain containers are
# opened.
INPUT_GUARD = (
    "-protocol_whitelist",
    "file,pipe",
    "-format_whitelist",
    "mov,matroska,webm,avi,mpegts,mpeg,ogg,flv,gif,h264,hevc",
)

MAX_FRAMES = 500_000  # a film of more than two hours at 60 frames a second
HD_LINES = 576  # untagged images with more lines use HD colours, as in browsers

_STREAM = re.compile(r"Stream #0:\d+.*?: Video: (?P<rest>.*)")
_VIDEO = re.compile(
    r"(?P<codec>\w+).*?, "
    r"(?P<pix>[a-z0-9]+)(?:\((?P<color>[^)]*)\))?[^,]*,.*?(?P<w>\d{2,5})x(?P<h>\d{2,5})"
)
_SHAPE = re.compile(r"SAR (\d+):(\d+)")
_RATE = re.compile(r"([\d.]+k?) (?:fps|tbr)")
_ROTATION = re.compile(r"rotation of (-?[\d.]+) degrees")
_ALPHA = re.compile(r"alpha_mode\s*: 1\b", re.IGNORECASE)
_TIMEBASE = re.compile(r"#tb 0: (\d+)/(\d+)")
_WITH_ALPHA = re.compile(r"yuva|gbrap|rgba|bgra|argb|abgr|ya8|ya16|pal8")


@dataclass(frozen=True, slots=True)
class Probe:
    """`width` and `height` as displayed (square pixels, upright); `frames` counted; `duration_ms`
    from first to end of last frame.

    `color_space` is the tag of the file (`bt709`), empty if untagged; likewise `primaries` and
    `transfer`. `interlaced` is None if unknown. `sar` is the aspect ratio of a stored pixel,
    `rotation` is in degrees.
    """

    width: int
    height: int
    fps: float
    frames: int
    duration_ms: int
    video_codec: str
    pix_fmt: str
    color_space: str
    color_range: str
    has_audio: bool
    audio_codec: str = ""
    container: str = ""
    primaries: str = ""
    transfer: str = ""
    sar: Fraction = Fraction(1)
    rotation: int = 0
    interlaced: bool | None = None
    alpha: bool = False
    still: bool = False

    @property
    def hdr(self) -> bool:
        """Returns whether the transfer function is HDR (PQ or HLG)."""
        return self.transfer in {"smpte2084", "arib-std-b67"}

    @property
    def matrix(self) -> str:
        """Returns the colour matrix; for untagged files by size, as in browsers."""
        if self.color_space:
            return self.color_space
        return "bt709" if min(self.width, self.height) > HD_LINES else "smpte170m"


@dataclass
class Timeline:
    """Counts the packets of a stream in the output of the framecrc muxer without storing them."""

    base: float = 1.0
    frames: int = 0
    start: int = 0
    end: int = 0

    def hear(self, line: str) -> None:
        if found := _TIMEBASE.match(line):
            self.base = int(found[1]) / int(found[2])
        elif line and not line.startswith("#"):
            _stream, _dts, pts, duration, *_rest = line.split(",")
            first, last = int(pts), int(pts) + int(duration)
            self.start = min(self.start, first) if self.frames else first
            self.end = max(self.end, last) if self.frames else last
            self.frames += 1
            if self.frames > MAX_FRAMES:
                raise MediaError(
                    gettext_noop("The clip is too long: at most %(most)s frames are read."),
                    code="broken_input",
                    most=MAX_FRAMES,
                )

    @property
    def seconds(self) -> float:
        return (self.end - self.start) * self.base


def parse_probe(output: str, timeline: Timeline) -> Probe | None:
    """Returns facts from ffmpeg's input description and packet list; None without a moving video
    stream.
    """
    described, _arrow, _output = output.partition("Output #0")
    stream = next(
        (found for found in _STREAM.finditer(described) if "(attached pic)" not in found["rest"]),
        None,
    )
    video = _VIDEO.match(stream["rest"]) if stream else None
    if stream is None or video is None or not timeline.frames:
        return None
    details = described[stream.end() :].partition("Stream #0:")[0]
    shape = _SHAPE.search(stream["rest"])
    sar = (
        Fraction(int(shape[1]), int(shape[2]))
        if shape and int(shape[1]) and int(shape[2])
        else Fraction(1)
    )
    width, height = _shown(int(video["w"]), int(video["h"]), sar)
    turned = _ROTATION.search(details)
    rotation = round(float(turned[1])) if turned else 0
    if rotation % 180:
        width, height = height, width
    rate = _RATE.search(stream["rest"], video.end())
    color = (video["color"] or "").split(", ")
    space, primaries, transfer = _colours(color)
    audio = re.search(r": Audio: (\w+)", described)
    return Probe(
        width=width,
        height=height,
        fps=_rate(rate[1]) if rate else timeline.frames / (timeline.seconds or 1),
        frames=timeline.frames,
        duration_ms=round(timeline.seconds * 1000),
        video_codec=video["codec"],
        pix_fmt=video["pix"],
        color_space=space,
        color_range=next((part for part in color if part in {"tv", "pc"}), ""),
        has_audio=audio is not None,
        audio_codec=audio[1] if audio else "",
        container=(re.search(r"Input #0, ([\w,]+),", described) or ["", ""])[1],
        primaries=primaries,
        transfer=transfer,
        sar=sar,
        rotation=rotation,
        interlaced=_interlaced(color),
        alpha=bool(_WITH_ALPHA.match(video["pix"])) or bool(_ALPHA.search(details)),
        still="Still Picture" in stream["rest"],
    )


def _shown(width: int, height: int, sar: Fraction) -> tuple[int, int]:
    """Returns the size with square pixels, never reduced,
    with even numbers where a side changes.
    """
    if sar > 1:
        return _even(width * sar), height
    return (width, _even(height / sar)) if sar < 1 else (width, height)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


def _colours(color: list[str]) -> tuple[str, str, str]:
    """Splits ffmpeg's colour notation into matrix, primaries and transfer: one word if equal, else
    `a/b/c`.
    """
    found = next(
        (
            part
            for part in color
            if part and part not in {"tv", "pc", "progressive"} and " " not in part
        ),
        "",
    )
    parts = found.split("/") if "/" in found else [found] * 3
    space, primaries, transfer = (
        "" if part in {"unknown", "reserved"} else part for part in (*parts, "", "")[:3]
    )
    return space, primaries, transfer


def _interlaced(color: list[str]) -> bool | None:
    if "progressive" in color:
        return False
    return True if any(part.startswith(("top", "bottom")) for part in color) else None


def _rate(text: str) -> float:
    return float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
