"""A program keeps a copy: what was changed since, in the order of the changes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Job
from stories.models import Scene, Story
from tests.stories.factories import make_scene, make_story


@pytest.fixture
def times(owner):
    """Three stories with a scene and a job each, written and changed in opposite orders."""
    now = timezone.now().replace(microsecond=0)
    stories = [make_story(owner, title=f"{n}") for n in range(3)]
    for n, story in enumerate(stories):
        moments = {
            "created_at": now + timedelta(hours=n),
            "updated_at": now + timedelta(hours=10 - n),
        }
        scene = make_scene(story, title=f"{n}")
        Scene.objects.filter(pk=scene.pk).update(**moments)
        Story.objects.filter(pk=story.pk).update(**moments)
        job = Job.objects.create(
            id=f"story_0000000{n}_000000000000", name="story_preview", subject=str(story.pk)
        )
        Job.objects.filter(pk=job.pk).update(**moments, owner=owner)
    return now


NAMES = {
    "stories/": lambda row: row["title"],
    "scenes/": lambda row: row["title"],
    "jobs/": lambda row: row["id"].split("_")[1][-1],
}


def walked(api, path, query):
    """The names of all pages, one entry on each."""
    found, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = api.ask("GET", f"{path}?page_size=1&{query}{more}").json()
        found += [NAMES[path](row) for row in page["items"]]
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize("path", NAMES)
def test_lists_are_sorted_page_by_page(mine, times, path):
    assert walked(mine, path, "sort=created_at") == ["0", "1", "2"]
    assert walked(mine, path, "sort=-created_at") == ["2", "1", "0"]
    assert walked(mine, path, "sort=updated_at") == ["2", "1", "0"]
    assert walked(mine, path, "sort=-updated_at") == ["0", "1", "2"]


@pytest.mark.parametrize("path", NAMES)
def test_only_what_was_changed_since_is_listed(mine, times, path):
    since = (times + timedelta(hours=9)).isoformat().replace("+00:00", "Z")
    assert walked(mine, path, f"sort=updated_at&updated_since={since}") == ["1", "0"]
    far = "9999-12-31T23:59:59-14:00"
    assert walked(mine, path, f"updated_since={far}") == []


@pytest.mark.parametrize(("path", "model"), [("stories/", Story), ("scenes/", Scene)])
def test_lists_are_narrowed_to_who_is_to_do_it_and_until_when(mine, times, owner, path, model):
    first, second = model.objects.order_by("created_at")[:2]
    model.objects.filter(pk=first.pk).update(assignee=owner, due_on="2026-12-01")
    model.objects.filter(pk=second.pk).update(due_on="2026-12-02")
    for query, found in (
        (f"assignee={owner.pk}", ["0"]),
        (f"assignee={owner.pk + 1000}", []),
        ("due_by=2026-12-02", ["0", "1"]),
        ("due_by=2026-12-01", ["0"]),
        ("due_by=2026-11-30", []),
        (f"assignee={owner.pk}&due_by=2026-11-30", []),
    ):
        assert walked(mine, path, f"sort=created_at&{query}") == found
    for query in ("assignee=0", "assignee=me", "due_by=soon", "due_by=2026-02-30"):
        assert mine.ask("GET", f"{path}?{query}").status_code == 422


@pytest.mark.parametrize("path", NAMES)
def test_cursor_belongs_to_its_order_and_unknown_orders_are_422(mine, times, path):
    cursor = mine.ask("GET", f"{path}?page_size=1&sort=created_at").json()["next_cursor"]
    other = mine.ask("GET", f"{path}?page_size=1&sort=updated_at&cursor={cursor}")
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")
    for query in ("sort=title", "updated_since=yesterday", "updated_since=2026-01-01T00:00:00"):
        assert mine.ask("GET", f"{path}?{query}").status_code == 422


@pytest.mark.parametrize(("model", "index"), [(Story, "story_updated"), (Scene, "scene_updated")])
def test_changes_are_read_in_the_order_of_an_index(db, model, index):
    """With other plans switched off, because a test has too few rows for any index."""
    rows = model.objects.filter(updated_at__gte=timezone.now() - timedelta(days=1))
    sql, params = rows.order_by("updated_at", "id")[:51].query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + sql, params)
        plan = "\n".join(str(line[-1]) for line in cursor.fetchall())
    assert index in plan, plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan
