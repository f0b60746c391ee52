"""Setting up the second factor."""

import base64
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from accounts import mfa, refresh_tokens

from .conftest import Clock
from .log_in import PAGE, code_of, log_in, secret_on

pytestmark = pytest.mark.django_db


@pytest.mark.moderate
def test_set_up_shows_a_picture_that_phones_read_and_the_recovery_codes_once(
    client: Client, owner: User, clock: Clock
) -> None:
    import cv2
    import numpy as np

    log_in(client, "owner")
    assert "Set it up" in client.get(PAGE).content.decode()
    assert Authenticator.objects.count() == 0  # looking changes nothing
    assert client.post(PAGE, {"do": "begin"}).status_code == 302
    page = client.get(PAGE)
    text = page.content.decode()
    assert page["Cache-Control"].find("no-store") > 0
    svg = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert svg
    assert "<script" not in svg[0]
    # Drawn again from the strokes of the SVG, then read by a reader that knows nothing of who drew
    # it.
    assert 'width="' not in svg[0]  # as large as its place: nothing is cut off
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg[0])[1])  # type: ignore[index]
    picture = np.full((size, size), 255, np.uint8)
    row, column = 0.0, 0
    strokes = re.search(r'd="([^"]+)"', svg[0][svg[0].rindex("<path") :])
    assert strokes
    for kind, numbers in re.findall(r"([Mmh])([-0-9. ]+)", strokes[1]):
        values = [float(number) for number in numbers.split()]
        if kind == "h":
            picture[int(row), column : column + int(values[0])] = 0
            column += int(values[0])
        else:
            column = int(values[0]) + (column if kind == "m" else 0)
            row = values[1] + (row if kind == "m" else 0)
    # A phone moves until it sees it; this reader misses one code of a hundred at any one distance.
    looks = (
        cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        for scale in (8, 5, 4)
    )
    read = next(
        (found for look in looks if (found := cv2.QRCodeDetector().detectAndDecode(look)[0])), ""
    )
    parts = urlsplit(read)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == (
        "otpauth",
        "totp",
        "/VideoPlanet Studio:owner",
    )
    assert (query["digits"], query["period"], query["issuer"], query["algorithm"]) == (
        "6",
        "30",
        "VideoPlanet Studio",
        "SHA1",
    )
    secret = base64.b32decode(query["secret"])
    typed = re.search(r'<code class="vp-secret">([A-Z2-7-]+)</code>', text)
    assert typed
    assert typed[1].replace("-", "") == query["secret"]

    wrong = client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now - 300)})
    assert (wrong.status_code, mfa.is_set_up(owner)) == (409, False)
    assert "This code is wrong" in wrong.content.decode()
    done = client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now)})
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", done.content.decode())
    assert (done.status_code, len(set(codes)), mfa.is_set_up(owner)) == (200, 10, True)
    assert not [code for code in codes if code in client.get(PAGE).content.decode()]
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == [
        "The second factor was set up."
    ]


@pytest.mark.moderate
def test_set_up_ends_the_log_ins_that_went_by_the_password_alone(
    client: Client, owner: User, phone: Any, clock: Clock
) -> None:
    old = refresh_tokens.start(owner)
    elsewhere = Client()
    elsewhere.force_login(owner)
    log_in(client, "owner")
    client.post(PAGE, {"do": "begin"})
    secret = secret_on(client.get(PAGE))
    client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now)})
    answer = client.post(
        "/api/ai-video/auth/refresh/",
        {"refresh_token": old.refresh.token},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")
    assert (elsewhere.get("/admin/").status_code, client.get("/admin/").status_code) == (302, 200)


def test_beginning_again_does_nothing_to_what_is_in_use(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    client.force_login(owner)
    client.post(PAGE, {"do": "begin"})
    assert mfa.passes(owner, show())


@pytest.mark.parametrize("deed", ["begin", "confirm", "pass", "renew", "remove"])
def test_only_a_post_with_its_token_from_someone_logged_in_does_anything(
    owner: User, phone: Any, deed: str
) -> None:
    show = phone(owner)
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(PAGE, {"do": deed, "code": show()}).status_code in {302, 403}
    stranger.force_login(owner)
    assert stranger.post(PAGE, {"do": deed, "code": show()}).status_code == 403
    assert stranger.get(PAGE, {"do": deed, "code": show()}).status_code == 200
    assert mfa.passes(owner, show())


def test_unknown_deed_is_400(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.post(PAGE, {"do": "steal"}).status_code == 400
