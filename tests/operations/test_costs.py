"""The costs page: sums by every dimension, estimate against actual, what was rejected and why, and
all of it as CSV.
"""

import csv
import io
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from stories.models import Scene
from stories.selectors.cost_estimate import estimate_story, estimates_of
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db
COSTS, EXPORT = reverse("admin:costs"), reverse("admin:costs_export")


def call(story, person, cost, *, scene=None, estimate=None, **values):
    common = {
        "provider_id": "stability_ai",
        "model": "core",
        "kind": Kind.IMAGE,
        "state": CallState.SETTLED,
        "key": uuid.uuid4().hex,
        "request_hash": "0",
    }
    money = {
        "unit_price": 1,
        "units": 1,
        "estimate": Decimal(estimate or cost),
        "cost": None if cost is None else Decimal(cost),
    }
    return ProviderCall.objects.create(
        subject=str(story.pk),
        item=str(scene.pk) if scene else "",
        actor=person,
        **{**common, **money, **values},
    )


@pytest.fixture
def browser(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def sea(owner, colleague):
    """Two scenes; 1.25 + 0.75 paid, 0.30 at risk, 0.20 reserved."""
    story = make_story(
        owner,
        title="The sea",
        duration_seconds=10,
        image_provider="stability_ai",
        clip_provider="runway_ml",
    )
    first, second = make_scene(story, title="Dawn"), make_scene(story, title="Dusk")
    call(story, owner, "1.25", scene=first, estimate="1.00")
    call(
        story,
        colleague,
        "0.75",
        scene=second,
        provider_id="runway_ml",
        model="gen4",
        estimate="1.00",
    )
    call(story, owner, None, scene=second, estimate="0.30", state=CallState.UNCLEAR)
    call(story, owner, None, estimate="0.20", state=CallState.RESERVED)
    return story


def tables(page):
    return {
        by: [(row.name, row.totals.actual, row.difference) for row in rows]
        for by, _heading, rows in page.context["tables"]
    }


def test_every_dimension_has_its_sums(sea, browser):
    found = tables(browser.get(COSTS))
    assert found["story"] == [("The sea", Decimal("2.00"), Decimal("-0.50"))]
    assert found["scene"] == [
        ("The sea · 1. Dawn", Decimal("1.25"), Decimal("0.25")),
        ("The sea · 2. Dusk", Decimal("0.75"), Decimal("-0.55")),
        ("The sea · The story itself", Decimal(0), Decimal("-0.20")),
    ]
    assert found["provider"] == [
        ("Stability AI", Decimal("1.25"), Decimal("-0.25")),
        ("Runway ML", Decimal("0.75"), Decimal("-0.25")),
    ]
    assert found["model"] == [
        ("Stability AI · core", Decimal("1.25"), Decimal("-0.25")),
        ("Runway ML · gen4", Decimal("0.75"), Decimal("-0.25")),
    ]
    assert found["person"] == [
        ("owner", Decimal("1.25"), Decimal("-0.25")),
        ("colleague", Decimal("0.75"), Decimal("-0.25")),
    ]


def test_reserved_and_at_risk_stand_apart(sea, browser):
    page = browser.get(COSTS)
    total = page.context["total"]
    assert (total.estimate, total.actual, total.reserved, total.at_risk) == (
        Decimal("2.50"),
        Decimal(2),
        Decimal("0.20"),
        Decimal("0.30"),
    )
    html = page.content.decode()
    assert "$0.20" in html
    assert "$0.30" in html


def test_estimate_against_actual_over_the_whole_life(sea, owner, browser):
    call(sea, owner, "4.00", reserved_at=timezone.now() - timedelta(days=200))
    row = browser.get(COSTS).context["compared"][0]
    formula = estimate_story(sea).total
    assert (row.story, row.formula, row.totals.estimate, row.totals.actual, row.percent) == (
        sea,
        formula,
        Decimal("6.50"),
        Decimal(6),
        int(600 / formula),
    )
    chart = browser.get(COSTS).context["compared_chart"]
    assert [(one["label"], one["values"]) for one in chart["sets"]] == [
        ("By price list", [float(formula)]),
        ("By its calls", [6.5]),
        ("Paid", [6.0]),
    ]


def test_estimates_of_many_stories_are_those_of_each(sea, owner, django_assert_num_queries):
    other = make_story(
        owner, duration_seconds=60, image_provider="stability_ai", clip_provider="runway_ml"
    )
    unpriced = make_story(owner, image_provider="replicate")
    AIProviderConfig.objects.filter(provider="replicate").update(cost_per_image=None)
    with django_assert_num_queries(2):
        found = estimates_of([sea, other, unpriced])
    assert found == {
        sea.pk: estimate_story(sea).total,
        other.pk: estimate_story(other).total,
        unpriced.pk: None,
    }


def test_why_takes_were_rejected(sea, browser):
    scenes = Scene.live.filter(story=sea)
    for scene, reason, cost in (
        (scenes[0], "too dark", "0.40"),
        (scenes[1], "too dark", "0.20"),
        (scenes[1], "six fingers", "0.50"),
    ):
        make_take(scene, review_status="rejected", review_reason=reason, cost=Decimal(cost))
    page = browser.get(COSTS)
    assert [(row.text, row.takes, row.cost) for row in page.context["reasons"]] == [
        ("too dark", 2, Decimal("0.60")),
        ("six fingers", 1, Decimal("0.50")),
    ]
    assert rows(browser, "rejected")[0] == {
        "reason": "too dark",
        "takes": "2",
        "cost_usd": "0.6000",
    }


def rows(browser, by="", **query):
    answer = browser.get(EXPORT, {"by": by, **query})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


@pytest.mark.parametrize("by", ["story", "scene", "provider", "model", "person", "day"])
def test_every_table_as_csv_adds_up_to_all_calls(sea, browser, by):
    calls = rows(browser)
    found = rows(browser, by)
    assert (
        sum(Decimal(row["actual_usd"]) for row in found)
        == sum(Decimal(row["cost_usd"] or 0) for row in calls)
        == Decimal(2)
    )
    assert sum(int(row["calls"]) for row in found) == len(calls) == 4
    assert {name: found[0][name] for name in ("reserved_usd", "at_risk_usd")}.keys() == {
        "reserved_usd",
        "at_risk_usd",
    }


def test_csv_by_something_else_is_not_there(sea, browser):
    assert browser.get(EXPORT, {"by": "moon"}).status_code == 404


def test_csv_keeps_formulas_as_text(owner, browser):
    story = make_story(owner, title="=1+1")
    call(story, owner, "1.00")
    assert rows(browser, "story")[0]["story"] == "'=1+1"


def test_csv_is_not_for_everybody(viewer):
    client = Client()
    client.force_login(viewer)
    assert [client.get(EXPORT, {"by": by}).status_code for by in ("", "story", "rejected")] == [
        403
    ] * 3


@pytest.mark.moderate
def test_query_count_does_not_depend_on_rows(owner, make_person, browser):
    counts = []
    for wanted in (1, 3, 25):
        while owner.stories.count() < wanted:
            number = owner.stories.count()
            story = make_story(owner, title=f"Story {number}")
            scene = make_scene(story)
            call(story, make_person(f"person{number}"), "0.10", scene=scene, model=f"m{number}")
            make_take(
                scene,
                review_status="rejected",
                review_reason=f"reason {number}",
                cost=Decimal("0.10"),
            )
        browser.get(COSTS)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(COSTS).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 32


def test_one_story_as_csv_from_its_beginning(sea, owner, browser):
    call(make_story(owner), owner, "9.00")
    call(sea, owner, "4.00", reserved_at=timezone.now() - timedelta(days=200))
    assert sum(Decimal(row["cost_usd"] or 0) for row in rows(browser, story=str(sea.pk))) == 6
    assert next(
        (row["scene"], row["actual_usd"]) for row in rows(browser, "scene", story=str(sea.pk))
    ) == ("The sea · The story itself", "4.0000")


def test_whole_film_by_the_plan(owner, browser):
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.50"), cost_per_second_video=Decimal("0.10")
    )
    story = make_story(owner)
    first, _second = make_scene(story, duration_seconds=5), make_scene(story, duration_seconds=5)
    make_take(first, cost=Decimal("0.40"))
    call(story, owner, "0.40", scene=first)
    page = browser.get(reverse("admin:stories_story_money", args=[story.pk])).context
    assert (page["left"], page["by_plan"]) == (Decimal("1.50"), Decimal("1.90"))
