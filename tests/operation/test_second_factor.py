"""The second factor: set-up, log-in over pages and API, replay, recovery, lock-out, demand, reset, and that nothing of it leaks."""

import base64
import hmac
import io
import logging
import re
import struct
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from web.auth import attempts, factor, refresh
from web.models import LogInAttempt, RecoveryCode, SecondFactor

pytestmark = pytest.mark.django_db
PAGE = "/admin/second-factor/"
TOKEN = "/api/ai-video/auth/token/"


def code_of(secret: bytes, moment: float) -> str:
    """RFC 6238 and RFC 4226, written down once more: the judge is not the library."""
    digest = hmac.digest(secret, struct.pack(">Q", int(moment) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Clock:
    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(factor, "time", found)
    return found


@pytest.fixture
def phone(clock: Clock) -> Callable[..., Any]:
    """`phone(user)` connects one; calling what it gives shows the code of that moment, `steps` away."""

    def connect(user: User) -> Any:
        factor.begin(user)
        (address, _typed) = factor.waiting(user) or pytest.fail("nothing begun")
        secret = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])

        def show(steps: int = 0) -> str:
            return code_of(secret, clock.now + 30 * steps)

        show.recovery = factor.confirm(user, show())  # type: ignore[attr-defined]
        show.secret = secret  # type: ignore[attr-defined]
        clock.now += 60  # the code of the set-up is used up
        return show

    return connect


def log_in(client: Client, name: str, password: str = "") -> Any:
    return client.post(reverse("admin:login"), {"username": name, "password": password or name, "next": "/admin/"})


def half_of(response: Any) -> str:
    (found,) = re.findall(r'name="half" value="([^"]+)"', response.content.decode())
    return unescape(found)


def give(client: Client, response: Any, code: str) -> Any:
    return client.post(reverse("admin:login"), {"half": half_of(response), "code": code, "next": "/admin/"})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def ask_token(client: Client, **body: str) -> Any:
    return client.post(TOKEN, body, content_type="application/json")


def test_judge_knows_the_vectors_of_rfc_6238() -> None:
    secret = b"12345678901234567890"
    assert [code_of(secret, moment) for moment in (59, 1111111109, 1234567890, 20000000000)] == ["287082", "081804", "005924", "353130"]
    assert TOTP(secret, 6, SHA1(), 30).generate(59).decode() == "287082"


# --- setting up


def test_set_up_shows_a_picture_that_phones_read_and_the_recovery_codes_once(client: Client, owner: User, clock: Clock) -> None:
    import cv2
    import numpy as np

    client.force_login(owner)
    assert "Set it up" in client.get(PAGE).content.decode()
    assert SecondFactor.objects.count() == 0  # looking changes nothing
    assert client.post(PAGE, {"do": "begin"}).status_code == 302
    page = client.get(PAGE)
    text = page.content.decode()
    assert page["Cache-Control"].find("no-store") > 0
    svg = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert svg
    assert "<script" not in svg[0]
    # Drawn again from the strokes of the SVG, then read by a reader that knows nothing of who drew it.
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
    read, *_rest = cv2.QRCodeDetector().detectAndDecode(cv2.resize(picture, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST))
    parts = urlsplit(read)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/VideoPlanet Studio:owner")
    assert (query["digits"], query["period"], query["issuer"], query["algorithm"]) == ("6", "30", "VideoPlanet Studio", "SHA1")
    secret = base64.b32decode(query["secret"])
    typed = re.search(r'<code class="vp-secret">([A-Z2-7-]+)</code>', text)
    assert typed
    assert typed[1].replace("-", "") == query["secret"]

    wrong = client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now - 300)})
    assert (wrong.status_code, factor.is_set_up(owner)) == (409, False)
    assert "This code is wrong" in wrong.content.decode()
    done = client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now)})
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", done.content.decode())
    assert (done.status_code, len(set(codes)), factor.is_set_up(owner)) == (200, 10, True)
    assert not [code for code in codes if code in client.get(PAGE).content.decode()]
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["The second factor was set up."]


def test_set_up_ends_the_log_ins_that_went_by_the_password_alone(client: Client, owner: User, phone: Any, clock: Clock) -> None:
    old = refresh.start(owner)
    client.force_login(owner)
    client.post(PAGE, {"do": "begin"})
    (_address, typed) = factor.waiting(owner) or pytest.fail("nothing begun")
    client.post(PAGE, {"do": "confirm", "code": code_of(base64.b32decode(typed.replace("-", "")), clock.now)})
    answer = client.post("/api/ai-video/auth/refresh/", {"refresh_token": old.refresh.token}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")


def test_beginning_again_does_nothing_to_what_is_in_use(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    client.force_login(owner)
    client.post(PAGE, {"do": "begin"})
    assert factor.passes(owner, show())


@pytest.mark.parametrize("deed", ["begin", "confirm", "pass", "renew", "remove"])
def test_only_a_post_with_its_token_from_someone_logged_in_does_anything(owner: User, phone: Any, deed: str) -> None:
    show = phone(owner)
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(PAGE, {"do": deed, "code": show()}).status_code in {302, 403}
    stranger.force_login(owner)
    assert stranger.post(PAGE, {"do": deed, "code": show()}).status_code == 403
    assert stranger.get(PAGE, {"do": deed, "code": show()}).status_code == 200
    assert factor.passes(owner, show())


def test_unknown_deed_is_400(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.post(PAGE, {"do": "steal"}).status_code == 400


# --- logging in


def test_log_in_asks_for_the_code_and_the_session_begins_only_with_it(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    text = asked.content.decode()
    assert (asked.status_code, is_in(client)) == (200, False)
    assert 'name="code"' in text
    assert 'name="password"' not in text
    wrong = give(client, asked, "000000" if show() != "000000" else "111111")
    assert (is_in(client), "This code is wrong" in wrong.content.decode()) == (False, True)
    done = give(client, wrong, show())
    assert (done.status_code, done["Location"], is_in(client), client.session[factor.PASSED]) == (302, "/admin/", True, True)


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clock_of_the_phone_may_differ_by_one_step(owner: User, phone: Any, steps: int, right: bool) -> None:  # noqa: FBT001  a parameter of the test
    show = phone(owner)
    assert factor.passes(owner, show(steps)) is right


def test_used_code_is_refused_also_one_that_is_older_than_the_used_one(owner: User, phone: Any, clock: Clock) -> None:
    show = phone(owner)
    earlier, code = show(-1), show()
    assert factor.passes(owner, code)
    assert [factor.passes(owner, again) for again in (code, f" {code[:3]} {code[3:]} ", earlier)] == [False, False, False]
    clock.now += 30
    assert factor.passes(owner, show())


def test_one_of_two_with_the_same_code_at_the_same_moment_passes(owner: User, phone: Any) -> None:
    show = phone(owner)
    row = SecondFactor.objects.get(user=owner)
    assert [factor._use(row, owner, show()), factor._use(row, owner, show())] == [True, False]  # both have read the row before


def test_recovery_code_opens_once_however_it_is_typed(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    code = show.recovery[0]
    assert give(client, log_in(client, "owner"), code.upper().replace("-", " ")).status_code == 302
    client.logout()
    assert give(client, log_in(client, "owner"), code).status_code == 200
    assert not is_in(client)
    assert factor.recovery_codes_left(owner) == 9
    assert not RecoveryCode.objects.filter(code_hash__contains=code.replace("-", "")).exists()


def test_sign_of_the_right_password_ends_and_is_worth_nothing_when_forged(client: Client, owner: User, phone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    forged = client.post(reverse("admin:login"), {"half": half_of(asked)[:-1] + "x", "code": show()})
    assert ("That took too long" in forged.content.decode(), 'name="password"' in forged.content.decode()) == (True, True)
    owner.set_password("another")
    owner.save()
    assert "That took too long" in give(client, asked, show()).content.decode()
    asked = log_in(client, "owner", "another")
    monkeypatch.setattr(attempts, "HALF_SECONDS", -1)
    assert "That took too long" in give(client, asked, show()).content.decode()
    assert not is_in(client)


def test_wrong_codes_lock_the_account_as_wrong_passwords_do(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    for _ in range(attempts.PER_ACCOUNT):
        give(client, asked, "abcdef")
    assert "Too many attempts" in give(client, asked, show()).content.decode()
    assert not is_in(client)
    assert ask_token(client, username="owner", password="owner", code=show()).json()["code"] == "too_many_attempts"


def test_asking_for_the_code_is_no_failure(client: Client, owner: User, phone: Any) -> None:
    phone(owner)
    for _ in range(attempts.PER_ACCOUNT + 1):
        assert "Too many" not in log_in(client, "owner").content.decode()
    assert LogInAttempt.objects.filter(succeeded=False).count() == 0


def test_api_takes_the_code_with_the_password(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    needed = ask_token(client, username="owner", password="owner")
    assert (needed.status_code, needed.json()["code"]) == (401, "code_required")
    assert ask_token(client, username="owner", password="wrong").json()["code"] == "wrong_credentials"
    assert ask_token(client, username="owner", password="wrong", code=show()).json()["code"] == "wrong_credentials"
    assert ask_token(client, username="owner", password="owner", code="123").json()["code"] == "wrong_code"
    answer = ask_token(client, username="owner", password="owner", code=show())
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    assert ask_token(client, username="owner", password="owner", code=show()).json()["code"] == "wrong_code"
    assert ask_token(client, username="owner", password="owner", code=show.recovery[3]).status_code == 200


# --- renewing, taking off, reset


def test_new_recovery_codes_need_a_code_and_end_the_old_ones(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.post(PAGE, {"do": "renew", "code": "000"}).status_code == 409
    assert factor.recovery_codes_left(owner) == 10
    text = client.post(PAGE, {"do": "renew", "code": show()}).content.decode()
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", text)
    assert (len(codes), set(codes) & set(show.recovery)) == (10, set())
    assert (factor.passes(owner, show.recovery[0]), factor.passes(owner, codes[0])) == (False, True)


def test_taking_it_off_needs_a_code(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.post(PAGE, {"do": "remove"}).status_code == 409
    assert factor.is_set_up(owner)
    assert client.post(PAGE, {"do": "remove", "code": show()}).status_code == 302
    assert (factor.is_set_up(owner), RecoveryCode.objects.count()) == (False, 0)
    client.logout()
    assert log_in(client, "owner").status_code == 302


def test_superuser_resets_and_it_is_written_down(client: Client, owner: User, manager: User, phone: Any, audit: list[str]) -> None:
    phone(owner)
    pair = refresh.start(owner)
    address = reverse("admin:second_factor_reset", args=[owner.pk])
    client.force_login(manager)
    assert client.post(address).status_code == 403
    boss = User.objects.create_superuser("boss", password="boss")
    client.force_login(boss)
    person = client.get(reverse("admin:auth_user_change", args=[owner.pk])).content.decode()
    assert (address in person, "since" in person) == (True, True)
    assert client.get(address).status_code == 200
    assert factor.is_set_up(owner)
    audit.clear()
    assert client.post(address).status_code == 302
    assert not factor.is_set_up(owner)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.get_change_message()) == (boss, str(owner.pk), "The second factor was reset.")
    assert audit == [f"'boss' changed auth.user {owner.pk}"]
    with pytest.raises(Exception, match="refresh_token_invalid"):
        refresh.rotate(pair.refresh.token)


@pytest.fixture
def audit() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("ai_video.audit")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def test_refused_code_is_written_down(client: Client, owner: User, phone: Any, audit: list[str]) -> None:
    phone(owner)
    give(client, log_in(client, "owner"), "abcdef")
    assert audit == ["Log-in refused: 'owner' from 127.0.0.1"]


# --- demanded


@pytest.mark.parametrize(
    ("setting", "people"),
    [("nobody", []), ("managers", ["boss", "manager"]), ("staff", ["boss", "manager", "owner"])],
)
def test_of_whom_it_is_demanded(settings: Any, owner: User, manager: User, stranger: User, setting: str, people: list[str]) -> None:
    User.objects.create_superuser("boss", password="boss")
    settings.REQUIRE_TOTP = setting
    assert sorted(user.username for user in User.objects.all() if factor.is_demanded(user)) == people


def test_who_has_none_opens_nothing_but_its_page(settings: Any, client: Client, owner: User, clock: Clock) -> None:
    settings.REQUIRE_TOTP = "staff"
    log_in(client, "owner")
    for address in ("/admin/", "/admin/stories/story/", "/admin/auth/user/", "/admin/now/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, PAGE), address
    assert client.post("/admin/stories/story/add/", {"title": "x"})["Location"].startswith(PAGE)
    refused = client.get("/api/ai-video/stories/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    refused = ask_token(client, username="owner", password="owner")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    assert "demanded of you" in client.get(PAGE).content.decode()

    client.post(PAGE, {"do": "begin"})
    (_address, typed) = factor.waiting(owner) or pytest.fail("nothing begun")
    secret = base64.b32decode(typed.replace("-", ""))
    assert client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now)}).status_code == 200
    assert (client.get("/admin/").status_code, client.get("/api/ai-video/stories/").status_code) == (200, 200)
    clock.now += 60
    assert ask_token(client, username="owner", password="owner", code=code_of(secret, clock.now)).status_code == 200
    clock.now += 60
    assert client.post(PAGE, {"do": "remove", "code": code_of(secret, clock.now)}).status_code == 302
    assert client.get("/admin/")["Location"].startswith(PAGE)  # the next phone first


def test_session_from_before_the_demand_gives_the_code_once(settings: Any, client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.get("/admin/").status_code == 200
    settings.REQUIRE_TOTP = "staff"
    answer = client.get("/admin/stories/story/?q=sea")
    assert answer["Location"] == f"{PAGE}?next=%2Fadmin%2Fstories%2Fstory%2F%3Fq%3Dsea"
    assert "One more step" in client.get(answer["Location"]).content.decode()
    assert client.post(PAGE, {"do": "pass", "code": "1"}).status_code == 409
    passed = client.post(PAGE, {"do": "pass", "code": show(), "next": "/admin/stories/story/?q=sea"})
    assert (passed.status_code, passed["Location"]) == (302, "/admin/stories/story/?q=sea")
    assert client.get("/admin/").status_code == 200


def test_way_back_leads_nowhere_else(settings: Any, client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    settings.REQUIRE_TOTP = "staff"
    client.force_login(owner)
    assert client.post(PAGE, {"do": "pass", "code": show(), "next": "https://evil.example.com/"})["Location"] == "/admin/"


def test_refresh_token_from_before_the_demand_ends(settings: Any, client: Client, owner: User) -> None:
    pair = refresh.start(owner)
    settings.REQUIRE_TOTP = "staff"
    answer = client.post("/api/ai-video/auth/refresh/", {"refresh_token": pair.refresh.token}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")


def test_way_out_and_language_stay_open(settings: Any, client: Client, owner: User) -> None:
    settings.REQUIRE_TOTP = "staff"
    client.force_login(owner)
    assert client.post("/admin/language/", {"language": "ko", "next": PAGE}).status_code == 302
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert not is_in(client)


# --- nothing leaks


def test_secret_is_in_no_dump_and_no_log(client: Client, owner: User, phone: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        show = phone(owner)
        give(client, log_in(client, "owner"), show())
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    everywhere = dump.getvalue() + caplog.text
    assert '"web.secondfactor"' in everywhere
    forms = [
        base64.b32encode(show.secret).decode(),
        show.secret.hex(),
        base64.b64encode(show.secret).decode(),
        show.recovery[0],
        show.recovery[0].replace("-", ""),
    ]
    assert not [form for form in forms if form in everywhere]
    assert show() not in caplog.text


def test_secret_belongs_to_its_person_and_follows_the_rotation(settings: Any, owner: User, colleague: User, phone: Any, clock: Clock) -> None:
    show = phone(owner)
    other = phone(colleague)
    SecondFactor.objects.filter(user=colleague).update(sealed=SecondFactor.objects.get(user=owner).sealed)
    assert not factor.passes(colleague, show(1))
    assert not factor.passes(colleague, other(1))
    old, new = settings.PROVIDER_SECRETS, "n" * 40
    settings.PROVIDER_SECRETS = [new, *old]
    assert factor.passes(owner, show())
    settings.PROVIDER_SECRETS = [new]  # sealed anew by passing
    clock.now += 30
    assert factor.passes(owner, show())
    settings.PROVIDER_SECRETS = ["m" * 40, new]
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out)
    assert out.getvalue().endswith("second factors: 1\n")  # the colleague's is the owner's, and can be read by nobody
    settings.PROVIDER_SECRETS = ["m" * 40]
    clock.now += 30
    assert factor.passes(owner, show())
    settings.PROVIDER_SECRETS = ["x" * 40]
    clock.now += 30
    assert not factor.passes(owner, show())
    assert factor.waiting(owner) is None
