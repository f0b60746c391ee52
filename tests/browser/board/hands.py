"""What a person sees of the board and does to it, and what the database says of it."""

from typing import Any

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


def drag(page: Any, number: int, to: int) -> None:
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


def said(page: Any, text: str) -> None:
    page.locator(".bd-toast", has_text=text).first.wait_for()
