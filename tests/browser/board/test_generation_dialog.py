"""Takes and films are made from the board, after its dialog has said what and for how much."""

from decimal import Decimal

import pytest

from providers.models import AIProviderConfig
from providers.services.configs import organization_budget
from stories.models import Approval, Scene, Take
from tests.pictures import picture
from tests.stories.factories import make_take

from .hands import wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_plan_dialog_starts_what_it_shows(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.get_by_role("link", name="Make 1 $0.00").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("ready, reused").wait_for()
    dialog.get_by_role("button", name="Make 1 picture").click()
    wait_for_toast(page, "1 picture is being made")
    dialog.wait_for(state="hidden")
    page.locator("#vp-head").get_by_text("Make the preview").wait_for()


def test_board_is_free_again_after_a_second_person_was_asked(enter, page, owner, story):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.50"))
    money = organization_budget()
    money.plan_limit = Decimal("0.10")
    money.save()
    enter(page, owner, story)
    page.get_by_role("link", name="Make 1 $0.50").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask for approval").click()
    wait_for_toast(page, "A second person is asked for approval.")
    dialog.wait_for(state="hidden")
    assert Approval.objects.get().total == Decimal("0.50")
    page.get_by_role("link", name="Make 1 $0.50").click()  # nothing lies over the page
    dialog.get_by_text("to be made").wait_for()


def test_stale_and_rejected_clips_go_into_the_film_for_a_reason(enter, quiet_page, owner, story):
    make_take(Scene.live.get(story=story, position=5), content=picture("gray", (640, 360)))
    for scene in Scene.live.filter(story=story):
        make_take(
            scene,
            "clip",
            review_status="rejected" if scene.position == 2 else "unreviewed",
            review_reason="too dark" if scene.position == 2 else "",
        )
    Take.objects.filter(kind="clip", scene__position=4).update(input_hash="older")
    page = enter(quiet_page, owner, story)
    page.get_by_role("link", name="Make 1 $0.00").dblclick()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Use them as they are").click()
    dialog.get_by_text("Rejected: too dark").wait_for()
    dialog.get_by_text("The scene has changed since.").wait_for()
    dialog.get_by_label("Why?").fill("The client likes it")
    dialog.get_by_role("button", name="Make the film with them").dblclick()
    wait_for_toast(page, "The film is being made with the takes as they are.")
    assert [event.reason for event in story.transitions.all()] == ["The client likes it"]
