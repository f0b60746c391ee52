"""A drawing on the frame keeps its place in the picture, however large the player is."""

import json

import pytest

from stories.models import Comment, Film
from tests.browser.installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The second window is so low that bars stand beside the picture.
SIZES = ((1440, 900), (1024, 400), (390, 844))
# A stroke for each size, as parts of the width and height of the picture.
STROKES = (
    [(0.1, 0.2), (0.5, 0.8), (0.9, 0.2)],
    [(0.25, 0.25), (0.25, 0.75), (0.6, 0.75)],
    [(0.05, 0.95), (0.5, 0.5), (0.95, 0.05)],
)
PICTURE = """() => {
    const film = document.getElementById("rv-film");
    film.scrollIntoView({ block: "center", behavior: "instant" });
    const box = film.getBoundingClientRect();
    const scale = Math.min(box.width / film.videoWidth, box.height / film.videoHeight);
    const [width, height] = [film.videoWidth * scale, film.videoHeight * scale];
    return {
        width, height, x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2,
        bars: box.width - width,
    };
}"""
# The points of all strokes as they stand on the screen.
ON_SCREEN = """() => [...document.querySelectorAll("[data-ink] polyline")].map((line) =>
    [...line.points].map((point) => {
        const at = point.matrixTransform(line.getScreenCTM());
        return [at.x, at.y];
    }))"""


def sized(page, size):
    """The place of the picture in a window of this size, when it has been laid out."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    return page.evaluate(PICTURE)


def draw(page, box, stroke):
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def off(page, box):
    """The strokes on the screen, and how far the farthest point is from its place, in parts."""
    lines = page.evaluate(ON_SCREEN)
    return len(lines), max(
        max(abs((x - box["x"]) / box["width"] - right), abs((y - box["y"]) / box["height"] - down))
        for line, stroke in zip(lines, STROKES, strict=False)
        for (x, y), (right, down) in zip(line, stroke, strict=True)
    )


def test_a_drawing_keeps_its_place_at_three_sizes(enter, quiet_page, owner, manager):
    furnish(owner, manager)
    page = enter(quiet_page, owner, Film.objects.first().story, "stories_story_review")
    page.wait_for_function("document.getElementById('rv-film').readyState > 0")
    page.locator("[data-pen]").click()
    widths = []
    for number, (size, stroke) in enumerate(zip(SIZES, STROKES, strict=True), start=1):
        box = sized(page, size)
        draw(page, box, stroke)
        strokes, error = off(page, box)
        assert (strokes, error < 0.01) == (number, True), (size, error)
        widths.append((round(box["width"]), round(box["bars"])))
    assert len(set(widths)) == 3
    assert [bars > 100 for _width, bars in widths] == [False, True, False]
    page.locator("[data-say] textarea").fill("Here.")
    page.locator("[data-say]").get_by_role("button", name="Comment").click()
    page.locator("#comments", has_text="Here.").wait_for()
    kept = Comment.objects.get(text="Here.").drawing
    assert [len(stroke) for stroke in kept] == [3, 3, 3], json.dumps(kept)
    page.reload()
    page.wait_for_function("document.getElementById('rv-film').readyState > 0")
    page.locator(".rv-time", has=page.locator(".rv-pen")).click()
    for size in SIZES:
        strokes, error = off(page, sized(page, size))
        assert (strokes, error < 0.01) == (3, True), (size, error)
