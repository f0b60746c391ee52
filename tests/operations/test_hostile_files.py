"""Ten hostile files of each kind at once, sent to the real web server: memory stays bounded while
other pages answer.
"""

import http.client
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media import ffmpeg
from tests.migrated_database import copy_migrated_database
from tests.operations.running import ROOT, Installation, free_port, until
from tests.operations.slow import ask
from tests.stories.imports.made import docx, zipped

pytestmark = pytest.mark.fault_injection

MOST = 1500 * 1000 * 1000  # bytes of all processes of the studio together
EACH = 10
PEOPLE = """
from django.contrib.auth.models import User
from stories.models import Scene, ScenePrompt, Story
admin = User.objects.create_superuser("admin", "admin@example.com", "a long enough word")
story = Story.objects.create(owner=admin, title="Harbour", status="planned")
scene = Scene.objects.create(story=story, position=1, duration_seconds=5,
    prompt=ScenePrompt.objects.create(text="A boat"))
print("scene", scene.pk)
"""


def png(width: int, height: int) -> bytes:
    """A whole picture of one colour with transparency: small, and large once it is decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer, row = zlib.compressobj(9), bytes(1 + 4 * width)
    pixels = b"".join([packer.compress(row) for _ in range(height)] + [packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def mp4(samples: int) -> bytes:
    """A clip that tells of so many samples, all in the same place."""
    table = box(b"stbl", box(b"stsz", struct.pack(">IIII", 0, 100, samples, 0)))
    movie = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", table))))
    return box(b"ftyp", b"isom\0\0\2\0isom") + movie + box(b"mdat", bytes(100))


def long_clip(path: Path) -> bytes:
    """A real one of many frames: ten minutes of one colour."""
    line = [
        ffmpeg.binary(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x36:r=60:d=600",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-y",
        str(path),
    ]
    subprocess.run(line, check=True, timeout=300)
    return path.read_bytes()


def documents() -> list[tuple[str, bytes]]:
    bomb = zipped(**{"word/document.xml": b"<a>" + b" " * (30 * 1024 * 1024) + b"</a>"})
    nested = docx("<w:p>" * 5_000 + "</w:p>" * 5_000)
    return [
        ("a.docx", bomb),
        ("b.docx", nested),
        ("c.md", b"[" * 200_000),
        ("d.fountain", b"[[" * 200_000),
        ("e.md", b"*a " * 100_000),
    ]


class Studio:
    def __init__(self, folder: Path) -> None:
        self.place = Installation(folder)
        copy_migrated_database(folder / "studio.sqlite3")
        done = self.place.manage("migrate")
        assert done.returncode == 0, done.stderr
        made = self.place.manage("shell", "--no-imports", "-c", PEOPLE)
        assert made.returncode == 0, made.stderr
        self.scene = made.stdout.split("scene ")[1].split()[0]
        self.port = free_port()
        line = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            str(ROOT / "site/config/gunicorn_settings.py"),
            "--bind",
            f"127.0.0.1:{self.port}",
        ]
        with (folder / "gunicorn.log").open("wb") as log:
            self.process = subprocess.Popen(
                line, cwd=ROOT, env=self.place.env, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: ask(self.port)[0] == 200, seconds=120, what="the first answer")
        self.token = ""

    def log_in(self) -> None:
        sent = json.dumps({"username": "admin", "password": "a long enough word"})
        self.token = json.loads(self.send("auth/token/", sent.encode(), "application/json")[1])[
            "access_token"
        ]

    def send(self, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
        headers = {
            "Content-Type": kind,
            **({} if path == "auth/token/" else {"Authorization": f"Bearer {self.token}"}),
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request("POST", f"/api/ai-video/{path}", body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def upload(self, path: str, name: str, data: bytes, **fields: str) -> tuple[int, bytes]:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        file = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        ).encode()
        return self.send(
            path,
            b"".join([*parts, file, data, f"\r\n--{mark}--\r\n".encode()]),
            f"multipart/form-data; boundary={mark}",
        )

    def memory(self) -> int:
        """Bytes of the web server and of all that it has started;
        what processes share counts once.
        """
        parents = {}
        for found in Path("/proc").glob("[0-9]*/stat"):
            try:
                after = found.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(found.parent.name)] = int(after[1])
        total, wanted = 0, {self.process.pid}
        while new := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
            wanted |= new
        for pid in wanted:
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(
                int(line.split()[1]) * 1024
                for line in lines
                if line.startswith(("Pss:", "SwapPss:"))
            )
        return total

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(120)
        self.place.end()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    made = Studio(tmp_path_factory.mktemp("studio"))
    yield made
    made.end()


@pytest.mark.parametrize("kind", ["documents", "pictures", "clips"])
def test_ten_hostile_files_at_once(studio: Studio, tmp_path: Path, kind: str) -> None:
    studio.log_in()
    scene = f"scenes/{studio.scene}/takes/"
    if kind == "documents":
        files = [("scripts/read/", name, data, {}) for name, data in documents() * 2]
    elif kind == "pictures":
        large, false = png(8000, 8000), png(30_000, 10)[:33] + b"\0" * 100
        files = [
            (scene, "a.png", data, {"kind": "image", "replace": "true"})
            for data in [large] * 8 + [false] * 2
        ]
    else:
        real, false = long_clip(tmp_path / "long.mp4"), mp4(10_000_000)
        files = [
            (scene, "a.mp4", data, {"kind": "clip", "replace": "true"})
            for data in [real] * 5 + [false] * 5
        ]
    assert len(files) == EACH
    over, peaks, looks = threading.Event(), [studio.memory()], []

    def watch() -> None:
        while not over.wait(0.2):
            peaks.append(studio.memory())

    def look() -> None:
        while not over.wait(0.5):
            looks.append(ask(studio.port, "/healthz", timeout=60)[0])
            looks.append(
                ask(
                    studio.port,
                    "/api/ai-video/stories/",
                    timeout=60,
                    Authorization=f"Bearer {studio.token}",
                )[0]
            )

    watching = [threading.Thread(target=watch), threading.Thread(target=look)]
    for thread in watching:
        thread.start()
    try:
        with ThreadPoolExecutor(EACH) as senders:
            answers = list(
                senders.map(lambda one: studio.upload(one[0], one[1], one[2], **one[3]), files)
            )
    finally:
        over.set()
        for thread in watching:
            thread.join()
    statuses = [status for status, _body in answers]
    assert set(statuses) <= {200, 201, 413, 422, 503}, [
        body[:300] for status, body in answers if status not in {200, 201, 413, 422, 503}
    ]
    assert max(peaks) < MOST, f"{max(peaks) / 1e6:.0f} MB"
    assert len(peaks) > 1
    assert set(looks) <= {200}, looks
    assert ask(studio.port)[0] == 200
