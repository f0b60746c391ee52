"""Files that survive a power failure: their content, names and parent folders are synced."""

import os
import uuid
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Sync a folder. A created, renamed or removed file in it is not durable before this."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Create the folder and its parents, and sync each of them."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def beside(final: Path) -> Path:
    """Return a hidden temporary name in the same folder, for a file that is not complete yet."""
    return final.with_name(f".{final.name}.{uuid.uuid4().hex}")


def put_in_place(written: Path, final: Path) -> None:
    """Rename a complete and synced file to its final name, and sync the folder."""
    written.replace(final)
    sync_folder(final.parent)
