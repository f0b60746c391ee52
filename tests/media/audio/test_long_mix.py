"""The sound of a film of half an hour needs as little memory as that of a short one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.audio.sound import save, tone, voice

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
SCENES, FRAMES, FPS = 257, 168, 24
MOST_KB = 300 * 1024
# In a process of its own, as a job mixes; its peak memory and that of the largest ffmpeg.
MIX = r"""
import json, re, resource, sys
from pathlib import Path
from media.audio.mix import MusicBed, Placed, mix
folder, scenes, frames, fps = Path(sys.argv[1]), *map(int, sys.argv[2:])
found = mix(
    folder / "mix.m4a",
    frames=scenes * frames,
    fps=fps,
    speech=[Placed(folder / f"line-{n}.wav", n * frames + 10) for n in range(scenes)],
    sounds=[Placed(folder / "rain.wav", n * frames) for n in range(0, scenes, 8)],
    music=[MusicBed(folder / "music.wav", 0, scenes * frames)],
    outline=600,
    folder=folder,
)
# Its own ru_maxrss would be that of the test process, which Linux passes on through fork and exec.
own = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
largest_child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([found.samples, found.integrated, found.true_peak, own, largest_child]))
"""


def test_half_an_hour_is_mixed_in_300_mb_a_process(tmp_path: Path) -> None:
    line = save(tmp_path / "line-0.wav", voice(5))
    for number in range(1, SCENES):
        os.link(line, tmp_path / f"line-{number}.wav")
    save(tmp_path / "rain.wav", voice(8, seed=2))
    save(tmp_path / "music.wav", tone(30, hertz=220))
    done = subprocess.run(
        [sys.executable, "-c", MIX, tmp_path, *map(str, (SCENES, FRAMES, FPS))],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        check=True,
    )
    samples, loudness, true_peak, own, largest_child = json.loads(done.stdout)
    assert samples == 86_352_000
    assert abs(loudness + 14) <= 0.3
    assert true_peak <= -1
    assert own <= MOST_KB
    assert largest_child <= MOST_KB
