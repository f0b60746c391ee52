"""Files without a test that `-m` could choose are not imported, and no other file is left out."""

import pytest

from tests.mark_expressions import may_hold_chosen_test

SLOW = "import pytest\n\npytestmark = [pytest.mark.django_db, pytest.mark.slow]\n"
ONE_SLOW = "import pytest\n\n@pytest.mark.slow\ndef test_it(): ...\n"
DATABASE = "import pytest\n\npytestmark = pytest.mark.django_db(transaction=True)\n"
ONE_DATABASE = "import pytest\n\n@pytest.mark.django_db\ndef test_it(): ...\n"
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
        (DATABASE, "page or not database", False),
        (DATABASE, "database and not page", True),
        (ONE_DATABASE, "page or not database", True),
    ],
)
def test_what_a_file_may_hold(tmp_path, text, expression, expected):
    file = tmp_path / "test_one.py"
    file.write_text(text)
    assert may_hold_chosen_test(file, expression, {"database"}) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("database and not page", False), ("page or not database", True), ("page and slow", False)],
)
def test_a_mark_that_the_folder_gives_to_all_tests(tmp_path, expression, expected):
    file = tmp_path / "test_one.py"
    file.write_text(PLAIN)
    found = may_hold_chosen_test(file, expression, {"database"}, given_to_all={"page"})
    assert found is expected


@pytest.mark.parametrize("mark", ["postgresql", "row_locks"])
@pytest.mark.parametrize("expression", ["database and not page", "page or not database"])
def test_a_folder_of_page_tests_may_hold_one_that_is_about_postgresql(tmp_path, mark, expression):
    file = tmp_path / "test_one.py"
    file.write_text(f"{PLAIN}@pytest.mark.{mark}\n@pytest.mark.django_db\ndef test_it(): ...\n")
    assert may_hold_chosen_test(file, expression, {"database"}, given_to_all={"page"})
