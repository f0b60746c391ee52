"""An installation of its own for tests that run the studio's commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrated_database import copy_migrated_database

from .running import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A database with all migrations, and no static files yet."""
    made = Installation(tmp_path / "var")
    copy_migrated_database(made.folder / "studio.sqlite3")
    yield made
    made.end()
