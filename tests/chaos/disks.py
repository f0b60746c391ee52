"""Small disks that can be filled without harm to the machine."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK = 1 << 16
SIZES = {"work": "24m", "database": "256m"}


def mounted(folder: os.PathLike[str], size: str = "24m") -> bool:
    """Whether a small disk could be mounted there; only root may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "studio-fault_test", os.fspath(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def unmounted(folder: os.PathLike[str]) -> None:
    subprocess.run(["umount", "--lazy", os.fspath(folder)], capture_output=True, check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Filled to the last byte; what becomes free meanwhile is taken too late to matter."""
    filler = disk / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            os.write(file.fileno(), b"\0" * BLOCK)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def small_disks(folder: Path) -> Iterator[dict[str, Path]]:
    """What could be mounted, by name: for the workers the folder `work` of an installation at
    `folder`/studio, for the database one of its own.
    """
    places = {"work": folder / "studio/var/work", "database": folder / "database"}
    there: dict[str, Path] = {}
    folder.chmod(0o755)  # the database runs as another user
    try:
        for name, place in places.items():
            place.mkdir(parents=True)
            if mounted(place, SIZES[name]):
                place.chmod(0o755)
                there[name] = place
        yield there
    finally:
        for place in there.values():
            unmounted(place)
