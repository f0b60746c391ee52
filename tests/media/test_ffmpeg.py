import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from config import checks
from media import ffmpeg
from media.errors import MediaError

ROOT = Path(__file__).resolve().parents[2]
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=24:d=60", "-c:v", "libx264", "-f", "mp4"]
NOISE = [
    "-f",
    "lavfi",
    "-i",
    "nullsrc=s=640x360:r=24:d=4,geq=random(1)*255:128:128",
    "-c:v",
    "libx264",
    "-qp",
    "1",
    "-preset",
    "ultrafast",
    "-f",
    "mp4",
]

LIMITED = """
import resource, sys
from pathlib import Path
from media import ffmpeg
from media.errors import MediaError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    ffmpeg.run(sys.argv[2:], out=Path(sys.argv[1]))
except MediaError as error:
    print(error.code)
"""
LASTING = """
import sys
from pathlib import Path
from media import ffmpeg
ffmpeg.run(sys.argv[2:], out=Path(sys.argv[1]), on_frame=lambda done: print(done, flush=True))
"""


def encoders():
    """The ffmpeg processes of this process: a browser's driver may live beside them."""
    return [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def environment():
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def test_run_names_the_file_at_success(tmp_path):
    heard = []
    ffmpeg.run(
        ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=24:d=1", "-c:v", "libx264", "-f", "mp4"],
        out=tmp_path / "a.mp4",
        on_frame=heard.append,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert heard[-1] == 24
    assert ffmpeg.probe(tmp_path / "a.mp4").frames == 24


def test_run_broken_input_leaves_nothing_and_keeps_the_old_file(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no film at all" * 100)
    (tmp_path / "out.mp4").write_bytes(b"old")
    with pytest.raises(MediaError) as caught:
        ffmpeg.run(["-i", f"file:{tmp_path / 'broken.mp4'}", "-f", "mp4"], out=tmp_path / "out.mp4")
    assert caught.value.code == "broken_input"
    assert "damaged" in str(caught.value)
    assert caught.value.detail
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "out.mp4"]


def test_run_time_limit(tmp_path):
    with pytest.raises(MediaError) as caught:
        ffmpeg.run(ENDLESS, out=tmp_path / "a.mp4", limit_seconds=0.4)
    assert caught.value.code == "timed_out"
    assert list(tmp_path.iterdir()) == []
    assert encoders() == []


def test_run_stops_when_asked_even_if_ffmpeg_hangs(tmp_path):
    def should_stop():
        children = encoders()
        for child in children:
            child.suspend()
        return bool(children)

    with pytest.raises(MediaError) as caught:
        ffmpeg.run(ENDLESS, out=tmp_path / "a.mp4", should_stop=should_stop)
    assert caught.value.code == "stopped"
    assert list(tmp_path.iterdir()) == []
    assert encoders() == []


def test_run_killed_ffmpeg(tmp_path):
    def kill():
        while not (children := encoders()):
            time.sleep(0.02)
        time.sleep(0.2)
        children[0].kill()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(MediaError) as caught:
        ffmpeg.run(ENDLESS, out=tmp_path / "a.mp4")
    thread.join()
    assert caught.value.code == "killed"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.moderate
def test_run_full_disk_by_file_size_limit(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "a.mp4", *NOISE],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["disk_full"]
    assert list(tmp_path.iterdir()) == []


def test_run_full_disk(tmp_path):
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("mounting a small disk needs root")
    try:
        with pytest.raises(MediaError) as caught:
            ffmpeg.run(NOISE, out=tmp_path / "a.mp4")
        assert caught.value.code == "disk_full"
        assert "disk is full" in str(caught.value)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel's death signal is Linux's"
)
def test_ffmpeg_dies_with_its_parent(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", LASTING, tmp_path / "a.mp4", *ENDLESS],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert parent.stdout.readline()  # it has begun to encode
        (child,) = psutil.Process(parent.pid).children()
        assert "ffmpeg" in child.name()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        gone, alive = psutil.wait_procs([child], timeout=60)
        assert (len(gone), alive) == (1, [])
    finally:
        parent.kill()
        parent.stdout.close()
    assert not (tmp_path / "a.mp4").exists()


def test_run_feed_that_fails_ends_ffmpeg(tmp_path):
    def feed():
        yield memoryview(bytes(64 * 64 * 3 // 2))
        raise RuntimeError("no more")

    arguments = [
        "-f",
        "rawvideo",
        "-pixel_format",
        "yuv420p",
        "-video_size",
        "64x64",
        "-i",
        "pipe:0",
        "-f",
        "mp4",
    ]
    with pytest.raises(RuntimeError, match="no more"):
        ffmpeg.run(arguments, out=tmp_path / "a.mp4", feed=feed())
    assert encoders() == []
    assert list(tmp_path.iterdir()) == []


def program(folder, message):
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\necho '{message}'\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "version",
    ["5.1.9-0+deb12u1", "n9.0.2-17-g2a571b6068", "N-112233-gabcdef", "git-2026-01-01-abc", "7.0"],
)
def test_binary_named_by_the_environment(monkeypatch, tmp_path, version):
    monkeypatch.setenv(
        "FFMPEG", program(tmp_path, f"ffmpeg version {version} Copyright (c) the FFmpeg developers")
    )
    assert ffmpeg.binary() == str(tmp_path / "ffmpeg")
    assert checks.ffmpeg() == []


@pytest.mark.parametrize(
    "message",
    [
        "ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright",
        "ffmpeg version n5.0.1 Copyright",
        "GNU bash, version 5.2.15",
        "",
    ],
)
def test_binary_too_old_or_another_program(monkeypatch, tmp_path, message):
    monkeypatch.setenv("FFMPEG", program(tmp_path, message))
    with pytest.raises(MediaError, match=r"no ffmpeg of version 5\.1 or later"):
        ffmpeg.binary()
    assert [error.id for error in checks.ffmpeg()] == ["config.E003"]


def test_binary_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("FFMPEG", str(tmp_path / "nowhere"))
    with pytest.raises(MediaError, match="not found"):
        ffmpeg.binary()
    (error,) = checks.ffmpeg()
    assert "nowhere" in error.msg
