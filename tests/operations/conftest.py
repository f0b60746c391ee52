"""An installation of its own for tests that run the studio's commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "var")
    yield made
    made.end()
