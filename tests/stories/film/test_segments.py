import errno
import os
from pathlib import Path
from typing import Any

import pytest

from providers import store
from stories.film.segments import fetch

NAME = "segments/ab/abcd.mp4"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """The file in the store."""
    file = tmp_path / "made.mp4"
    file.write_bytes(b"film" * 1000)
    store.save_as(file, NAME)
    return Path(store.media().path(NAME))


def test_fetch_copies_nothing_on_one_disk_and_outlives_the_stores_file(
    tmp_path: Path, stored: Path
) -> None:
    path = fetch(NAME, tmp_path)
    assert path.samefile(stored)
    stored.unlink()
    assert path.read_bytes() == b"film" * 1000


def test_fetch_again_leaves_the_store_alone(tmp_path: Path, stored: Path) -> None:
    """Two scenes may show one picture."""
    assert fetch(NAME, tmp_path) == fetch(NAME, tmp_path)
    assert stored.read_bytes() == b"film" * 1000


def test_fetch_from_another_disk_is_a_copy(
    tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    path = fetch(NAME, tmp_path)
    assert not path.samefile(stored)
    assert path.read_bytes() == b"film" * 1000


def test_fetch_of_a_lost_file(tmp_path: Path) -> None:
    with pytest.raises(store.FileMissing, match=NAME):
        fetch(NAME, tmp_path)
