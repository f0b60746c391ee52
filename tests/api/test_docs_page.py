"""The documentation page in a browser: log in, try a route, on a wide and a narrow screen, light
and dark.
"""

import base64
import time

import pytest
from allauth.mfa.totp.internal.auth import generate_totp_secret
from playwright.sync_api import expect

from accounts import mfa
from tests.accounts.mfa.log_in import code_of
from tests.stories.factories import make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints(page):
    """What the browser complained about, and what it asked for elsewhere."""
    found = []
    page.on(
        "console",
        lambda message: (
            found.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "request",
        lambda request: (
            found.append(request.url)
            if "//localhost" not in request.url and "//127.0.0.1" not in request.url
            else None
        ),
    )
    return found


def test_log_in_and_try_a_route(page, complaints, live_server, make_person):
    make_story(make_person("owner", role="producer"), title="The lighthouse")
    page.goto(f"{live_server.url}/api/ai-video/docs/")
    page.fill("#log-in [name=username]", "owner")
    page.fill("#log-in [name=password]", "owner")
    page.click("#log-in button")
    expect(page.locator("#log-in-answer")).to_contain_text("Logged in")
    route = page.locator("#list_stories")
    route.locator("details.try summary").click()
    route.locator("input[name=title]").fill("light")
    route.locator("button").click()
    expect(route.locator(".line")).to_contain_text("200")
    expect(route.locator(".answer")).to_contain_text('"title": "The lighthouse"')
    expect(route.locator(".curl")).to_contain_text("title=light")
    assert page.locator("#log-in [name=password]").input_value() == ""
    assert complaints == []


def test_body_path_and_problem_are_shown(page, complaints, live_server, make_person):
    person = make_person("owner", role="producer")
    story = make_story(person)
    page.goto(f"{live_server.url}/api/ai-video/docs/#transition_story")
    page.fill("#log-in [name=username]", "owner")
    page.fill("#log-in [name=password]", "owner")
    page.click("#log-in button")
    expect(page.locator("#log-in-answer")).to_contain_text("Logged in")
    route = page.locator("#transition_story")
    route.locator("details.try summary").click()
    route.locator("input[name=story_id]").fill(str(story.pk))
    route.locator("textarea").fill('{"status": "completed"}')
    route.locator("button").click()
    expect(route.locator(".line")).to_contain_text("409")
    expect(route.locator(".answer")).to_contain_text("transition_not_allowed")
    assert [
        line for line in complaints if "409" not in line
    ] == []  # the browser itself notes the 409


def test_log_in_with_a_second_factor(page, complaints, live_server, make_person):
    person = make_person("owner", role="producer")
    secret = generate_totp_secret()
    now = code_of(base64.b32decode(secret), time.time())
    codes = mfa.activate(person, secret, now)
    page.goto(f"{live_server.url}/api/ai-video/docs/")
    expect(page.locator("#log-in-code")).to_be_hidden()
    page.fill("#log-in [name=username]", "owner")
    page.fill("#log-in [name=password]", "owner")
    page.click("#log-in button")
    expect(page.locator("#log-in-answer")).to_contain_text("Send the code")
    expect(page.locator("#log-in [name=code]")).to_be_focused()
    page.fill("#log-in [name=code]", codes[0])
    page.keyboard.press("Enter")
    expect(page.locator("#log-in-answer")).to_contain_text("Logged in")
    expect(page.locator("#log-in-code")).to_be_hidden()
    assert page.locator("#log-in [name=code]").input_value() == ""
    # The browser itself notes the 401.
    assert [line for line in complaints if "401" not in line] == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]
)
def test_page_fits_the_screen_and_is_readable(page, complaints, live_server, db, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/api/ai-video/docs/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) >= 4.5
    assert complaints == []


# The lowest contrast (WCAG 2) of any text on the page against the ground it stands on.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const channel = (value) => value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
  const light = (color) => {
    const [r, g, b] = rgba(color).map((value) => channel(value / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return "white";
  };
  let lowest = 21;
  for (const node of document.querySelectorAll("body *")) {
    if (!node.offsetParent || ![...node.childNodes].some((child) =>
      child.nodeType === 3 && child.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    lowest = Math.min(lowest, (a + .05) / (b + .05));
  }
  return lowest;
}"""
