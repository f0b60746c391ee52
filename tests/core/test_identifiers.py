from uuid import UUID

import pytest

from core.identifiers import is_uuid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (str(UUID(int=7)), True),
        ("0198c9f4-7c1e-7d2a-9b6e-1f6d2c3b4a5e", True),
        ("", False),
        ("0198c9f47c1e7d2a9b6e1f6d2c3b4a5e", False),  # without dashes
        ("0198C9F4-7C1E-7D2A-9B6E-1F6D2C3B4A5E", False),  # as no row is written
        ("x" * 36, False),
        ("------------------------------------", False),
    ],
)
def test_is_uuid(text, expected):
    assert is_uuid(text) is expected
