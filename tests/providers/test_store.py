"""A file that the storage has lost is told as such, wherever it is wanted; nothing else is made of
it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages

from core.unavailable import ServiceUnavailableError
from providers import store
from providers.store import FileMissing, local_copy, opened


@pytest.fixture(params=["folder", "elsewhere"])
def media(request: pytest.FixtureRequest, settings: Any) -> Any:
    """The media storage as a folder, and as something that has no paths."""
    if request.param == "elsewhere":
        settings.STORAGES = settings.STORAGES | {
            "media": {"BACKEND": "django.core.files.storage.InMemoryStorage"}
        }
    assert isinstance(
        storages["media"], FileSystemStorage if request.param == "folder" else InMemoryStorage
    )
    return storages["media"]


def read_opened(name: str, _folder: Path) -> bytes:
    with opened(name) as file:
        return file.read()


def read_copy(name: str, folder: Path) -> bytes:
    with local_copy(name, folder) as path:
        return path.read_bytes()


@pytest.mark.parametrize("read", [read_opened, read_copy])
def test_file_is_read_and_a_missing_one_is_reported_with_its_remedy(
    media: Any, tmp_path: Path, read: Callable[[str, Path], bytes]
) -> None:
    media.save("calls/a.png", ContentFile(b"picture"))
    assert read("calls/a.png", tmp_path) == b"picture"
    media.delete("calls/a.png")
    with pytest.raises(FileMissing, match=r"calls/a\.png") as lost:
        read("calls/a.png", tmp_path)
    assert (lost.value.code, isinstance(lost.value, ServiceUnavailableError)) == (
        "file_missing",
        True,
    )
    assert "restored from the backup" in str(lost.value)


def test_error_of_the_reader_is_its_own(media: Any) -> None:
    media.save("a.txt", ContentFile(b"x"))
    with pytest.raises(FileNotFoundError, match="another"), store.opened("a.txt"):
        raise FileNotFoundError("another")
