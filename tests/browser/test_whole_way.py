"""From a Korean script to a film that plays, in the browser, with a real studio: its server, its
queue, its workers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.operations.running import Installation, free_port, read_until

pytestmark = [pytest.mark.browser, pytest.mark.fault_injection, pytest.mark.slow]

SCRIPT = (
    "안개 낀 항구에서 작은 배 한 척이 닻을 올린다. 소녀는 할아버지의 편지를 품에 안고 "
    "등대를 향해 노를 젓는다."
)
PEOPLE = """
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
person = get_user_model().objects.create_user("mina", password="a-long-password", is_staff=True)
person.groups.add(Group.objects.get(name="producer"))
"""
WORK = 120_000  # milliseconds that the work of a step may take


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[str]:
    """Address of a studio in a folder of its own."""
    installation = Installation(tmp_path / "studio")
    port = free_port()
    process = None
    try:
        process = installation.start("serve", "--port", str(port))
        read_until(process, "Ctrl+C")
        made = installation.manage("shell", "-c", PEOPLE)
        assert made.returncode == 0, made.stderr
        yield f"http://127.0.0.1:{port}"
    finally:
        installation.end()
        if process is not None:
            process.communicate(timeout=120)


def test_korean_story_becomes_a_film(studio: str, quiet_page: Any) -> None:
    page = quiet_page
    page.set_default_timeout(20_000)
    page.goto(f"{studio}/admin/")
    page.get_by_label("Username").fill("mina")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("link", name="New story").click()
    page.get_by_label("Title").fill("등대로 보내는 편지")
    page.get_by_label("Script").fill(SCRIPT)
    page.get_by_label("Length (seconds)").fill("14")
    page.get_by_role("button", name="Create the story").click()

    dialog = page.get_by_role("dialog")
    page.get_by_role("link", name="Start planning").click()
    dialog.get_by_role("button", name="Start planning").click()
    page.locator("#bd-scenes > li").nth(1).wait_for(timeout=WORK)
    assert page.locator("#bd-scenes > li").count() == 2

    page.get_by_role("button", name="Make the preview · $0.00").click()  # free: nothing is asked
    page.locator("#vp-head").get_by_role("link", name="Render the film").wait_for(timeout=WORK)
    assert page.locator("#bd-scenes").get_by_text("Picture to review").count() == 2

    page.get_by_role("link", name="Render the film").click(timeout=WORK)
    dialog.get_by_role("button", name="Render the film · $0.00").click()
    page.locator("#vp-head").get_by_role("link", name="Share for review").wait_for(timeout=WORK)

    page.get_by_role("link", name="Film", exact=True).click()
    page.wait_for_url("**/film/")
    page.wait_for_function("document.querySelector('video')?.readyState >= 1")
    assert abs(page.evaluate("document.querySelector('video').duration") - 14) < 0.05
    page.locator("[data-seek]").nth(1).click()
    page.wait_for_function(
        "!document.querySelector('video').seeking && "
        "document.querySelector('video').currentTime > 6.5"
    )
    page.evaluate(
        "document.querySelector('video').muted = true; document.querySelector('video').play()"
    )
    page.wait_for_function("document.querySelector('video').currentTime > 8")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the film").click()
    assert download.value.suggested_filename == "등대로-보내는-편지-final-1.mp4"

    page.get_by_role("link", name="History", exact=True).click()
    for message in (
        "Film finished: now “Completed”",
        "Final film 1 made: 0 segments reused, 2 encoded",
        "The story was made",
    ):
        page.get_by_text(message).wait_for()
