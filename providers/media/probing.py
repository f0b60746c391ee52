"""Facts of a film, read from what ffmpeg prints about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# A clip from outside may be a playlist in disguise that names other files or addresses: only plain containers are opened.
INPUT_GUARD = ("-protocol_whitelist", "file,pipe", "-format_whitelist", "mov,matroska,webm,avi,mpegts,mpeg,ogg,flv,gif,h264,hevc")

_VIDEO = re.compile(r"Stream #0:\d+.*?: Video: (?P<codec>\w+).*?, (?P<pix>[a-z0-9]+)(?:\((?P<color>[^)]*)\))?[^,]*,.*?(?P<w>\d{2,5})x(?P<h>\d{2,5})")
_RATE = re.compile(r"([\d.]+k?) (?:fps|tbr)")
_ROTATION = re.compile(r"rotation of (-?[\d.]+) degrees")
_TIMEBASE = re.compile(r"#tb 0: (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Probe:
    """`width` and `height` as shown (after rotation); `frames` counted; `duration_ms` from first to end of last frame.

    `color_space` is what the file is tagged with (`bt709`), empty when it is not tagged.
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


def parse_probe(said: str, packets: Iterable[str]) -> Probe | None:
    """Facts from ffmpeg's description of its input and the packet list of the framecrc muxer; None without a video stream."""
    described, _arrow, _output = said.partition("Output #0")
    video = _VIDEO.search(described)
    frames, seconds = _timeline(packets)
    if video is None or not frames:
        return None
    width, height = int(video["w"]), int(video["h"])
    rotation = _ROTATION.search(described)
    if rotation and round(float(rotation[1])) % 180:
        width, height = height, width
    rate = _RATE.search(described, video.end())
    color = (video["color"] or "").split(", ")
    return Probe(
        width=width,
        height=height,
        fps=_rate(rate[1]) if rate else frames / seconds,
        frames=frames,
        duration_ms=round(seconds * 1000),
        video_codec=video["codec"],
        pix_fmt=video["pix"],
        color_space=next((part.split("/")[0] for part in color if part and part not in {"tv", "pc", "progressive"}), ""),
        color_range=next((part for part in color if part in {"tv", "pc"}), ""),
        has_audio=": Audio: " in described,
    )


def _rate(text: str) -> float:
    return float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)


def _timeline(packets: Iterable[str]) -> tuple[int, float]:
    """Number of packets and seconds between the first start and the last end."""
    base = 1.0
    starts: list[int] = []
    ends: list[int] = []
    for line in packets:
        if found := _TIMEBASE.match(line):
            base = int(found[1]) / int(found[2])
        elif line and not line.startswith("#"):
            _stream, _dts, pts, duration, *_rest = line.split(",")
            starts.append(int(pts))
            ends.append(int(pts) + int(duration))
    return len(starts), (max(ends) - min(starts)) * base if starts else 0.0
