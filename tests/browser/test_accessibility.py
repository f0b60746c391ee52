"""axe-core finds nothing on any page of the studio, in both themes; nothing is said in the console.

The screens of `installation.py` have something to show in every part. `test_every_other_page` asks
for all remaining addresses, so that none is forgotten.
"""

import json
from http import HTTPStatus
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from django.urls import resolve

from tests.named_addresses import make_things, named, routes_of_pages

from .installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GRAVE = {"serious", "critical"}
# A violation of WCAG at AA, of whatever impact, or what axe calls serious.
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    const asks = (one) => one.tags.some((tag) => /^wcag2\\d?\\d?(a|aa)$/.test(tag));
    return found.violations.map((one) => [one.id, asks(one) ? "serious" : one.impact,
        one.nodes.map((node) => node.target.join(" ") + " :: " + node.html.slice(0, 160)
        + " :: " + node.any.concat(node.all).map((check) => check.message).join("; "))]);
}"""
# A sheet made by script is let in by the strictest content policy, too.
AT_REST = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; " +
        "animation: none !important; }");
    document.adoptedStyleSheets.push(sheet);
}"""
# What Unfold itself gets wrong and a template of ours cannot mend, each with its reason.
NOT_OURS: dict[str, str] = {}


@pytest.fixture
def screens(owner, manager):
    return furnish(owner, manager)


@pytest.fixture
def client(manager) -> Client:
    """Of somebody who may do everything."""
    manager.is_superuser = True
    manager.save()
    found = Client()
    found.force_login(manager)
    return found


def log_in(page: Any, client: Client, url: str) -> Any:
    """The page with the log-in of this client, without the form."""
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
    return page


@pytest.fixture
def inside(live_server, quiet_page, client) -> Any:
    return log_in(quiet_page, client, live_server.url)


def hurdles(page: Any, address: str) -> list[str]:
    """What is serious or critical on this page, in the light theme and in the dark one."""
    assert page.goto(address).status == HTTPStatus.OK, address
    page.wait_for_load_state("networkidle")
    return hurdles_here(page)


def hurdles_here(page: Any) -> list[str]:
    page.evaluate(AT_REST)
    page.evaluate(AXE_SCRIPT)
    found = []
    for theme in ("light", "dark"):
        page.evaluate(
            f"document.documentElement.classList.toggle('dark', {json.dumps(theme == 'dark')})"
        )
        page.emulate_media(color_scheme=theme)
        for name, impact, nodes in page.evaluate(RUN):
            found += [
                f"{theme} {name}: {node}"
                for node in nodes
                if impact in GRAVE and not any(part in node for part in NOT_OURS)
            ]
    return found


GROUPS = {
    "daily": ("overview", "stories", "nothing found", "new story"),
    "queue": ("queue", "job", "failed job", "cancel", "priority", "monitoring"),
    "story": ("change", "film", "jobs", "money", "history", "edit", "final question"),
    "board": ("board", "scene", "edit a take", "plan", "review"),
    "money": (
        "costs",
        "calls",
        "unclear call",
        "decide",
        "providers",
        "provider",
        "organization_budget",
    ),
    "four eyes": (
        "approvals",
        "approval",
        "refuse",
        "bills",
        "new bill",
        "bill",
        "usage of a provider",
    ),
    "people": ("people", "person", "roles", "role", "second factor"),
}
OUTSIDE = ("log-in", "guest", "API")


@pytest.mark.parametrize("group", GROUPS)
def test_screens_of_staff(group, live_server, inside, screens):
    assert {
        name: found
        for name in GROUPS[group]
        if (found := hurdles(inside, live_server.url + screens[name]))
    } == {}


def test_screens_without_a_log_in(live_server, quiet_page, screens):
    assert {
        name: found
        for name in OUTSIDE
        if (found := hurdles(quiet_page, live_server.url + screens[name]))
    } == {}


# Addresses whose answer is a file or a part of another page, or which lead on.
NO_PAGE = (
    *("/files/", "/media/", "/hooks/", "/subtitles/", "/healthz", "/livez", "/readyz", "/metrics"),
    *("/favicon.ico", "/robots.txt"),
)
PARTS = 8


def pages(client: Client, things: Any, but: set[str]) -> list[str]:
    """The addresses that are answered with a whole page, without those of these routes."""
    found = []
    for route in routes_of_pages():
        if route.startswith(NO_PAGE) or route.lstrip("/") in but:
            continue
        for address in named(things, route):
            response = client.get(address)
            if response.streaming:
                response.close()
            elif response.status_code == HTTPStatus.OK and b"</html>" in response.content:
                found.append(address)
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_every_other_page(part, live_server, page, client, manager, screens):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda one: (
            complaints.append(one.text)
            # The rows of this test have no files.
            if one.type in {"error", "warning"} and "404" not in one.text
            else None
        ),
    )
    log_in(page, client, live_server.url)
    seen = {resolve(address.partition("?")[0]).route for address in screens.values()}
    found = pages(client, make_things(manager), seen)
    assert len(found) > 40
    assert {
        address: problems
        for address in found[part::PARTS]
        if (problems := hurdles(page, live_server.url + address))
    } == {}
    assert complaints == []


DIALOGS = (
    ("queue", "a[id^=cancel-]"),
    ("queue", "a[id^=priority-]"),
    ("change", "#do-make"),
    ("unclear call", "#do-resolve"),
)


def test_dialogs(live_server, inside, screens):
    found = {}
    for name, opener in DIALOGS:
        inside.goto(live_server.url + screens[name])
        if opener == "#do-make":
            inside.locator("#vp-more summary").click()
        inside.locator(opener).first.click()
        inside.get_by_role("dialog").get_by_role("heading").first.wait_for()
        if hurdles := hurdles_here(inside):
            found[name, opener] = hurdles
    assert found == {}


# A telephone, and a screen of 1440 x 900 at a zoom of 200 %.
@pytest.mark.parametrize(("width", "height"), [(390, 844), (720, 450)])
def test_no_screen_is_wider_than_its_window_in_korean(width, height, live_server, inside, screens):
    inside.set_viewport_size({"width": width, "height": height})
    inside.context.add_cookies(
        [{"name": settings.LANGUAGE_COOKIE_NAME, "value": "ko", "url": live_server.url}]
    )
    wide = {}
    for name in [*(name for group in GROUPS.values() for name in group), *OUTSIDE]:
        inside.goto(live_server.url + screens[name])
        if (found := inside.evaluate("document.documentElement.scrollWidth")) > width:
            wide[name] = found
    assert wide == {}
    assert inside.evaluate("document.documentElement.lang") == "ko"


STUCK = """() => [...document.querySelectorAll("body *")].filter((one) =>
    ["sticky", "fixed"].includes(getComputedStyle(one).position) && one.checkVisibility()
    && one.getBoundingClientRect().top < innerHeight / 2 && one.getBoundingClientRect().width > 300
).map((one) => one.getBoundingClientRect().bottom).reduce((a, b) => Math.max(a, b), 0)"""


def test_at_200_percent_most_of_the_window_is_left_for_the_scenes(live_server, inside, screens):
    inside.set_viewport_size({"width": 720, "height": 450})
    inside.goto(live_server.url + screens["board"])
    inside.wait_for_load_state("networkidle")
    inside.evaluate("scrollTo({ top: 1200, behavior: 'instant' })")
    inside.wait_for_timeout(500)
    assert inside.evaluate(STUCK) <= 450 / 3


def test_hurdles_are_found(live_server, page, screens):
    page.goto(live_server.url + screens["log-in"])
    page.evaluate(
        "document.querySelector('main, body').insertAdjacentHTML('beforeend', '<input><p "
        'style="color: #bbb; background: #fff">pale</p>\')'
    )
    found = hurdles_here(page)
    assert {line.split(":")[0] for line in found} >= {
        "light label",
        "dark label",
        "light color-contrast",
    }


def test_no_screen_is_forgotten(screens):
    assert set(screens) == {name for group in GROUPS.values() for name in group} | set(OUTSIDE)


def test_a_decision_on_money_is_in_reach_on_a_telephone(live_server, inside, screens):
    inside.set_viewport_size({"width": 390, "height": 844})
    inside.goto(live_server.url + screens["costs"])
    box = inside.get_by_role("link", name="Decide").bounding_box()
    assert box["x"] + box["width"] <= 390
