"""A scene with a call that may have been paid: locked on the board, with the way to the decision
for who may decide.
"""

import pytest
from django.urls import reverse

from providers.enums import CallState
from providers.models import ProviderCall
from providers.services.unclear_calls import not_charged


@pytest.fixture
def call(five):
    return ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        key="u",
        subject=str(five[0].story_id),
        item=str(five[0].pk),
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
        state=CallState.UNCLEAR,
    )


def card(answer, scene):
    html = answer.content.decode()
    return html[html.index(f'id="scene-{scene.pk}"') :].split("</li>\n")[0].split('id="scene-')[1]


@pytest.mark.moderate
def test_card_says_why_and_who_may_decide_gets_the_way_there(
    pages, story, five, call, manager, take
):
    take(five[0])
    page = reverse("admin:providers_providercall_change", args=[call.pk])
    mine = card(pages.get("stories_story_board", story.pk, live=False), five[0])
    assert "Locked" in mine
    assert (
        mine.count("A call may have been paid and is not resolved yet.") == 2
    )  # the text and its title, once for picture and clip together
    assert page not in mine
    pages.login(manager)
    theirs = pages.get("stories_story_board", story.pk, live=False)
    assert f'<a class="bd-decide" href="{page}">Decide</a>' in card(theirs, five[0])
    assert page not in card(theirs, five[1])
    assert page in pages.get("board_scene", story.pk, five[0].pk).content.decode()


def test_card_changes_when_it_is_decided(pages, story, five, call, manager):
    before = card(pages.get("stories_story_board", story.pk, live=False), five[0])
    not_charged(call, actor=manager, reason="seen in their list")
    after = card(pages.get("stories_story_board", story.pk, live=False), five[0])
    assert "Locked" in before
    assert "Locked" not in after
    mark = before.split('data-mark="')[1].split('"')[0]
    assert mark not in after


def test_locked_scene_is_found_by_the_filter_and_left_out_of_the_plan(pages, story, five, call):
    assert 'data-keys="blocked"' in card(
        pages.get("stories_story_board", story.pk, live=False), five[0]
    )
    assert (
        "Make 4 pictures" in pages.get("board_plan", story.pk, "image", "missing").content.decode()
    )
