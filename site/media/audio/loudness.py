"""Measures loudness as EBU R 128 defines it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media import ffmpeg
from media.audio.decode import INPUT_GUARD, RATE, unreadable

SILENCE = -70.0  # the absolute gate of ITU-R BS.1770: what is quieter counts as silence
RELATIVE_GATE = 0.1  # of the mean energy: -10 LU
SHORTEST = RATE * 4 // 10  # samples of one block of the measurement

# The summary of a measuring filter, after its name.
_SUMMARY = re.compile(r"\[(\S+) @ \w+\] Summary:\s")
_VALUES = {
    "integrated": re.compile(r"\bI:\s+(\S+) LUFS"),
    "lra": re.compile(r"\bLRA:\s+(\S+) LU\b"),
    "peak": re.compile(r"\bPeak:\s+(\S+) dBFS"),
}
IN_SECONDS = f"asetnsamples=n={RATE}:p=0"  # fewer lines to count the samples of
FILTER = "ebur128=framelog=quiet"
NAME = "ebur128@{}"  # of one filter among several
# Prints the loudness of the last 400 ms, each 100 ms.
FILTER_WITH_MOMENTARY = (
    "ebur128=framelog=quiet:metadata=1,ametadata=mode=print:key=lavfi.r128.M:file=-"
)
MOMENTARY = "lavfi.r128.M="
FILTER_WITH_PEAK = "ebur128=peak=true:framelog=quiet"


@dataclass(frozen=True, slots=True)
class Loudness:
    """`integrated` in LUFS, None for silence; `true_peak` in dBTP (-inf for digital silence);
    `lra`, the loudness range, in LU; `samples` decoded at 48 kHz.
    """

    integrated: float | None
    true_peak: float
    lra: float
    samples: int = 0


def measure(
    path: Path,
    *,
    limit_seconds: float = 900.0,
    should_stop: Callable[[], bool] = ffmpeg.never,
) -> Loudness:
    """Measures the first sound of a file. Raises MediaError (broken_input) if it has none."""
    report, samples = _report(path, FILTER_WITH_PEAK, limit_seconds, should_stop)
    if not samples:
        raise unreadable(report)
    found = parse(report, samples)
    if samples >= SHORTEST:
        return found
    # Shorter than one block there is no measurement: the sound is measured in repetition. Its peak
    # is not, because the repetition has a jump that the sound has not.
    chain = f"aloop=loop=-1:size={samples},atrim=end_sample={2 * RATE},{FILTER}"
    report, _samples = _report(path, chain, limit_seconds, should_stop)
    repeated = parse(report)
    return replace(found, integrated=repeated.integrated, lra=0.0)


def summaries(report: str) -> dict[str, Loudness]:
    """Returns what the summaries in ffmpeg's report say, by the names of the filters."""
    _before, *found = _SUMMARY.split(report)
    return {name: parse(summary) for name, summary in zip(found[::2], found[1::2], strict=True)}


def parse(report: str, samples: int = 0) -> Loudness:
    """Returns what the last summary in ffmpeg's report says."""
    summary = _SUMMARY.split(report)[-1]
    found = {name: pattern.search(summary) for name, pattern in _VALUES.items()}
    values = {name: float(match[1]) for name, match in found.items() if match}
    integrated = values.get("integrated", -math.inf)
    audible = math.isfinite(integrated) and integrated > SILENCE
    return Loudness(
        integrated if audible else None,
        values.get("peak", -math.inf),
        values.get("lra", 0.0),
        samples,
    )


def gated(energies: NDArray[np.floating]) -> float:
    """Returns the mean of the blocks that both gates of ITU-R BS.1770 let through, 0 if none is."""
    loud = energies[energies > 10 ** (SILENCE / 10)]
    if not len(loud):
        return 0.0
    return float(loud[loud > loud.mean() * RELATIVE_GATE].mean())


def _report(
    path: Path, filters: str, limit_seconds: float, should_stop: Callable[[], bool]
) -> tuple[str, int]:
    """Returns the report of a measuring filter and the number of samples that it was given."""
    samples = 0

    def on_line(line: str) -> None:
        nonlocal samples
        if line and not line.startswith("#"):
            _stream, _dts, _pts, duration, *_rest = line.split(",")
            samples += int(duration)

    code, output = ffmpeg.listen(
        [
            *("-loglevel", "info", "-nostats"),
            *INPUT_GUARD,
            *(
                "-i",
                f"file:{path}",
                "-map",
                "0:a:0",
                "-af",
                f"aresample={RATE},{filters},{IN_SECONDS}",
            ),
            *("-f", "framecrc", "pipe:1"),
        ],
        on_line=on_line,
        limit_seconds=limit_seconds,
        should_stop=should_stop,
    )
    if code:
        error = ffmpeg.failure(code, output)
        raise unreadable(output) if error.code in {"broken_input", "failed"} else error
    return output, samples
