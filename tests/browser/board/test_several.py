"""Several scenes are picked out and changed at once."""

import pytest

from stories.models import Scene, Take

from .hands import card, saved, shown, wait_for_toast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_filter_and_act_on_several(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    page.locator("[data-filter=review]").click()
    assert page.locator("#bd-scenes > li:visible").count() == 4
    page.get_by_role("button", name="Select all shown").click()
    page.get_by_role("button", name="Approve").click()
    wait_for_toast(page, "4 takes approved.")
    page.get_by_text("No scene is in this state.").wait_for()
    assert Take.objects.filter(review_status="approved").count() == 4
    page.locator(".bd-none").get_by_role("button", name="Show all").click()
    card(page, 2).get_by_label("Select scene 2").check(force=True)
    card(page, 4).get_by_label("Select scene 4").check(force=True)
    page.locator("#bd-selection").get_by_role("button", name="Move to the beginning").click()
    wait_for_toast(page, "2 scenes moved.")
    assert (shown(page), saved(story)) == ("24135", "24135")


def test_selected_scenes_get_a_camera_and_a_length_at_once(enter, quiet_page, owner, story):
    page = enter(quiet_page, owner, story)
    for number in (2, 4):
        card(page, number).get_by_label(f"Select scene {number}").check(force=True)
    page.get_by_role("button", name="Camera, length").click()
    page.locator("#bd-set").get_by_label("Camera").select_option("still")
    page.locator("#bd-set").get_by_label("Length in seconds").fill("9")
    posts = []
    page.on(
        "request", lambda request: posts.append(request.url) if request.method == "POST" else None
    )
    page.get_by_role("button", name="Apply to 2").dblclick()
    wait_for_toast(page, "2 scenes changed.")
    page.wait_for_function("document.querySelectorAll('.bd-length input')[3].value === '9'")
    assert [url.rsplit("/", 2)[-2] for url in posts] == ["many"]
    assert list(
        Scene.live.filter(story=story)
        .order_by("position")
        .values_list("duration_seconds", flat=True)
    ) == [7, 9, 7, 9, 7]
    page.get_by_role("button", name="Undo").click()
    wait_for_toast(page, "The changes to 2 scenes are undone.")
    assert (
        list(
            Scene.live.filter(story=story)
            .order_by("position")
            .values_list("duration_seconds", flat=True)
        )
        == [7] * 5
    )
