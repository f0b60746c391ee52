"""Files without a test that `-m` could choose are not imported, and no other file is left out."""

import pytest

from tests.mark_expressions import may_hold_chosen_test

SLOW = "import pytest\n\npytestmark = [pytest.mark.django_db, pytest.mark.slow]\n"
ONE_SLOW = "import pytest\n\n@pytest.mark.slow\ndef test_it(): ...\n"
PLAIN = "def test_slow(): ...\n"


@pytest.mark.parametrize(
    ("text", "expression", "expected"),
    [
        (SLOW, "slow", True),
        (SLOW, "not slow", False),
        (SLOW, "browser or slow", True),
        (SLOW, "slow and database", True),
        (SLOW, "(not slow) and (page or not database)", False),
        (ONE_SLOW, "slow", True),
        (ONE_SLOW, "not slow", True),
        (ONE_SLOW, "slow and browser", False),
        (PLAIN, "slow", False),
        (PLAIN, "not slow", True),
        (PLAIN, "database", True),
        (PLAIN, "page and database", False),
    ],
)
def test_what_a_file_may_hold(tmp_path, text, expression, expected):
    file = tmp_path / "test_one.py"
    file.write_text(text)
    assert may_hold_chosen_test(file, expression, {"database"}) is expected
