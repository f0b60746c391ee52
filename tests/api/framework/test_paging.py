"""Pages by place: each row once, in order, at any depth, with one query; a cursor holds for its
list and filters only.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.signing import Signer

from accounts.models import LogInAttempt

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def rows(api):
    """23 rows, of which many share their time, so that the id has to decide."""
    LogInAttempt.objects.bulk_create(
        LogInAttempt(
            account="even" if n % 2 == 0 else "odd", at=START + timedelta(microseconds=n // 5)
        )
        for n in range(23)
    )
    return list(LogInAttempt.objects.order_by("-at", "-id").values_list("id", flat=True))


def walk(api, query, size):
    ids, cursor = [], ""
    while cursor is not None:
        answer = api.ask(
            "GET", f"notes/?page_size={size}{query}{'&cursor=' + cursor if cursor else ''}"
        ).json()
        assert len(answer["items"]) <= size
        ids += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
    return ids


@pytest.mark.parametrize("size", [1, 2, 5, 7, 22, 23, 24, 100])
def test_pages_together_are_all_rows_in_order(api, rows, size):
    assert walk(api, "", size) == rows
    assert walk(api, "&oldest_first=true", size) == rows[::-1]


def test_filter_holds_over_all_pages(api, rows):
    odd = set(LogInAttempt.objects.filter(account="odd").values_list("id", flat=True))
    assert walk(api, "&title=odd", 3) == [row for row in rows if row in odd]


def test_rows_written_and_removed_between_pages_shift_nothing(api, rows):
    first = api.ask("GET", "notes/?page_size=5").json()
    LogInAttempt.objects.create(account="new", at=START + timedelta(days=1))
    LogInAttempt.objects.filter(pk__in=rows[:5]).delete()
    second = api.ask("GET", f"notes/?page_size=5&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in second["items"]] == rows[5:10]


def test_page_size_may_change_between_pages(api, rows):
    first = api.ask("GET", "notes/?page_size=2").json()
    second = api.ask("GET", f"notes/?page_size=4&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in second["items"]] == rows[2:6]


@pytest.mark.parametrize("change", ["&title=even", "&title=", "&oldest_first=true"])
def test_cursor_of_other_filters_is_400(api, rows, change):
    cursor = api.ask("GET", "notes/?page_size=2&title=odd").json()["next_cursor"]
    response = api.ask("GET", f"notes/?page_size=2{change}&cursor={cursor}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


def test_cursor_that_we_did_not_sign_is_400(api, rows):
    cursor = api.ask("GET", "notes/?page_size=2").json()["next_cursor"]
    forged = Signer(salt="other").sign_object(["2026-01-01", "1", 1, "x"])
    for wrong in (cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), forged, "x", "1"):
        assert api.ask("GET", f"notes/?cursor={wrong}").json()["code"] == "invalid_cursor"
    assert api.ask("GET", "notes/?cursor=%00").json()["code"] == "invalid"


def test_list_is_one_query_beside_the_person(api, rows, django_assert_num_queries):
    cursor = api.ask("GET", "notes/?page_size=3").json()["next_cursor"]
    for path in (
        "notes/?page_size=1",
        "notes/?page_size=100",
        f"notes/?page_size=3&cursor={cursor}",
    ):
        with django_assert_num_queries(2) as captured:
            api.ask("GET", path)
        assert not [query for query in captured if "COUNT(" in query["sql"]]
