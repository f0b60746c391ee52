"""What a person sees of the board and does to it, and what the database says of it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import TimeoutError as NothingSent

from stories.models import Scene, Story


def shown(page: Any) -> str:
    """The numbers in the titles of all cards, in their order; waits until each card is drawn."""
    page.wait_for_function(
        "[...document.querySelectorAll('#bd-scenes > li')].every(row => "
        "row.querySelector('.bd-title'))"
    )
    return "".join(
        page.locator("#bd-scenes > li").evaluate_all(
            "rows => rows.map(row => row.querySelector('.bd-title').value.replace('Scene ', ''))"
        )
    )


def saved(story: Story) -> str:
    return "".join(
        title.removeprefix("Scene ")
        for title in Scene.live.filter(story=story)
        .order_by("position")
        .values_list("title", flat=True)
    )


def card(page: Any, number: int) -> Any:
    return page.locator("#bd-scenes > li").nth(number - 1)


def until_sent(page: Any, gesture: Callable[[], None]) -> None:
    """Makes the gesture, and once more if no change was sent: a slow machine may miss it."""
    for left in (2, 1, 0):
        try:
            with page.expect_request(lambda request: request.method == "POST", timeout=10_000):
                gesture()
        except NothingSent:
            if not left:
                raise
            page.keyboard.press("Escape")  # it was taken for a click, which opens the scene
            page.wait_for_timeout(500)
        else:
            return


def pull(page: Any, number: int, to: int) -> None:
    """Drag one scene to the place of another, by the mouse."""
    card(page, number).evaluate("row => row.scrollIntoView({block: 'center'})")
    start, end = (
        card(page, number).locator(".bd-open").bounding_box(),
        card(page, to).locator(".bd-open").bounding_box(),
    )
    page.mouse.move(start["x"] + 90, start["y"] + 70)
    page.mouse.down()
    for part in range(1, 13):
        page.mouse.move(
            start["x"] + 90 + (end["x"] + 40 - start["x"]) * part / 12,
            start["y"] + 70 + (end["y"] - start["y"]) * part / 12,
            steps=2,
        )
    page.wait_for_timeout(250)
    page.mouse.up()


def drag(page: Any, number: int, to: int) -> None:
    until_sent(page, lambda: pull(page, number, to))


def wait_for_toast(page: Any, text: str) -> None:
    page.locator(".bd-toast", has_text=text).first.wait_for()
