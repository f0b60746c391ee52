"""axe-core finds nothing serious on any screen, in both themes; nothing is said in the console."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client

from .installation import furnish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GRAVE = {"serious", "critical"}
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map(({ id, impact, nodes }) => [id, impact, nodes.map((node) => node.target.join(" ") + " :: " + node.html.slice(0, 160)
        + " :: " + node.any.concat(node.all).map((check) => check.message).join("; "))]);
}"""
# A sheet made by script is let in by the strictest content policy, too.
AT_REST = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets.push(sheet);
}"""
# What Unfold itself gets wrong and a template of ours cannot mend, each with its reason.
NOT_OURS: dict[str, str] = {}


@pytest.fixture
def screens(owner, manager):
    return furnish(owner, manager)


@pytest.fixture
def inside(live_server, quiet_page, manager) -> Any:
    """The page of somebody who may do everything, logged in without the form."""
    manager.is_superuser = True
    manager.save()
    client = Client()
    client.force_login(manager)
    quiet_page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                "url": live_server.url,
            }
        ]
    )
    return quiet_page


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
    "board": ("board", "scene", "plan", "review"),
    "money": (
        "costs",
        "calls",
        "unclear call",
        "decide",
        "providers",
        "provider",
        "organization_budget",
    ),
    "four eyes": ("approvals", "approval", "refuse", "bills", "new bill", "bill"),
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
        inside.locator(opener).first.click()
        inside.get_by_role("dialog").get_by_role("heading").first.wait_for()
        if hurdles := hurdles_here(inside):
            found[name, opener] = hurdles
    assert found == {}


def test_no_screen_is_wider_than_a_telephone_in_korean(live_server, inside, screens):
    inside.set_viewport_size({"width": 390, "height": 844})
    inside.context.add_cookies(
        [{"name": settings.LANGUAGE_COOKIE_NAME, "value": "ko", "url": live_server.url}]
    )
    wide = {}
    for name in [*(name for group in GROUPS.values() for name in group), *OUTSIDE]:
        inside.goto(live_server.url + screens[name])
        if (width := inside.evaluate("document.documentElement.scrollWidth")) > 390:
            wide[name] = width
    assert wide == {}
    assert inside.evaluate("document.documentElement.lang") == "ko"


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
