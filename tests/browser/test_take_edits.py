"""The mask of an edited picture in a browser: drawn by pointer, or a rectangle by numbers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from providers.requests import from_json
from stories.enums import StoryStatus
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def take(owner: Any) -> Any:
    story = make_story(owner, status=StoryStatus.PREVIEWING)
    scene = make_scene(story, text="a lighthouse at the sea by day")
    return make_take(scene, content=picture(size=(1280, 720)), width=1280, height=720)


def address(live_server: Any, take: Any) -> str:
    return live_server.url + reverse("admin:board_edit_take", args=[take.scene.story_id, take.pk])


def session_of(live_server: Any, owner: Any) -> dict[str, str]:
    client = Client()
    client.force_login(owner)
    value = client.cookies["sessionid"].value
    return {"name": "sessionid", "value": value, "url": live_server.url}


def asked() -> Any:
    return from_json(Job.objects.get().data["parameters"]["request"])


def test_what_is_drawn_is_sent_where_it_was_drawn(
    quiet_page: Any, live_server: Any, owner: Any, take: Any
) -> None:
    page = quiet_page
    page.context.add_cookies([session_of(live_server, owner)])
    page.goto(address(live_server, take))
    page.get_by_label("What should change").fill("make it night")
    box = page.locator("[data-mask-canvas]").bounding_box()
    left, top, wide, high = (box[name] for name in ("x", "y", "width", "height"))
    page.mouse.move(left + wide / 4, top + high / 2)
    page.mouse.down()
    page.mouse.move(left + wide * 3 / 4, top + high / 2, steps=5)
    page.mouse.up()
    page.mouse.click(left + wide / 2, top + high * 0.9)
    page.get_by_role("button", name="Undo the last stroke").click()
    page.get_by_role("button", name="$0.00").click()
    page.get_by_text("The take is being edited").wait_for()
    (shape,) = asked().edit.mask
    assert shape.brush == 80
    for point, wanted in ((shape.points[0], (250, 500)), (shape.points[-1], (750, 500))):
        assert point == pytest.approx(wanted, abs=8)


def test_mask_that_was_drawn_is_still_there_after_a_refusal(
    page: Any, live_server: Any, owner: Any, take: Any
) -> None:
    page.context.add_cookies([session_of(live_server, owner)])
    page.goto(address(live_server, take))
    box = page.locator("[data-mask-canvas]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drawn = page.locator("[data-mask]").input_value()
    assert drawn
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.evaluate("document.querySelector('[data-mask-form] [name=offer]').click()")
    assert answer.value.status == 422
    page.get_by_role("alert").get_by_text("Describe what should change.").wait_for()
    assert page.locator("[data-mask]").input_value() == drawn


def test_rectangle_by_numbers_works_without_scripts(
    chromium: Any, live_server: Any, owner: Any, take: Any
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([session_of(live_server, owner)])
    page = context.new_page()
    page.goto(address(live_server, take))
    page.get_by_label("What should change").fill("make it night")
    for name, value in (("From left", 10), ("From top", 20), ("Width", 30), ("Height", 40)):
        page.get_by_label(name).fill(str(value))
    page.get_by_role("button", name="$0.00").click()
    page.get_by_text("The take is being edited").wait_for()
    context.close()
    (shape,) = asked().edit.mask
    assert (shape.points, shape.brush) == ([(100, 200), (400, 600)], 0)
