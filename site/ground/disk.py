"""Files that are still there after a power cut: their content, their name and the folders that lead to them are synced."""

import os
import uuid
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Names in a folder are kept by the folder: a file that was created, renamed or removed is not safe before this."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """The folder with all that lead to it, each of them on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def beside(final: Path) -> Path:
    """A hidden name in the same folder, to write a file that gets its own name only when it is complete."""
    return final.with_name(f".{final.name}.{uuid.uuid4().hex}")


def put_in_place(written: Path, final: Path) -> None:
    """Give a file that is complete and synced its name, and make the name last."""
    written.replace(final)
    sync_folder(final.parent)
