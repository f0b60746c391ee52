"""A file is chosen in the language of the page, whatever the browser itself speaks, with scripts
and without.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def korean_page(
    request: pytest.FixtureRequest, chromium: Any, live_server: Any, manager: Any
) -> Any:
    """A page of a browser that speaks English, with the studio in Korean."""
    client = Client()
    client.force_login(manager)
    context = chromium.new_context(locale="en-US", java_script_enabled=request.param)
    session = client.cookies["sessionid"].value
    context.add_cookies(
        [
            {"name": name, "value": value, "url": live_server.url}
            for name, value in (("sessionid", session), ("django_language", "ko"))
        ]
    )
    yield context.new_page()
    context.close()


def test_file_field_speaks_korean_and_shows_the_file(korean_page, live_server):
    korean_page.goto(live_server.url + reverse("admin:providers_bill_add"))
    field, none = korean_page.get_by_label("청구서"), korean_page.get_by_text("선택한 파일 없음")
    assert korean_page.get_by_text("파일 선택", exact=True).is_visible()
    assert none.is_visible()
    empty = field.evaluate("field => getComputedStyle(field).color")
    with korean_page.expect_file_chooser() as chosen:
        korean_page.get_by_text("파일 선택", exact=True).click(force=True)
    chosen.value.set_files(
        {"name": "november.csv", "mimeType": "text/csv", "buffer": b"date,amount"}
    )
    none.wait_for(state="hidden")
    assert empty == "rgba(0, 0, 0, 0)", "the browser's own words are not seen"
    assert field.evaluate("field => getComputedStyle(field).color") != empty, (
        "the name of the file is"
    )
