"""Answers that no honest provider gives: absurd amounts, endless words, odd names. Nothing that was
paid for is lost by them.
"""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from providers.amounts import usd
from providers.client import brief
from providers.errors import Later, NotNow, Refused
from providers.fetch import Link
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.services import connections
from tests.fakes.server import Asked, Fake, Reply
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, KEYS, PLAN, Real, configure

ABSURD = [1e308, -5, 1e15]


class Odd(Fake):
    """Answers each path with the reply that the test puts there."""

    key = "key_0123456789"
    routes = [("GET", ".*", "any"), ("POST", ".*", "any")]

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {}

    def is_paid(self, asked: Asked) -> bool:
        return True

    def any(self, asked: Asked) -> Reply:
        return self.replies[asked.path]


@pytest.fixture
def odd(db: None, settings: Any) -> Iterator[Odd]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = dict.fromkeys(KEYS, Odd.key)
    with Odd() as fake:
        for provider in KEYS:
            configure(provider, fake)
        yield fake


@pytest.fixture
def runway(odd: Odd, clock: Clock) -> Real:
    """Runway, whose task is accepted for five credits and then runs."""
    odd.replies = {
        "/v1/text_to_image": Reply(200, {"id": "t", "estimatedCost": {"credits": 5}}),
        "/v1/tasks/t": Reply(200, {"id": "t", "status": "RUNNING"}),
        "/v1/organization": Reply(200, {"creditBalance": 100}),
    }
    return Real("runway_ml", odd, clock)


@pytest.fixture
def fal(odd: Odd, clock: Clock, admin_user: Any) -> Real:
    """fal, whose request is accepted and then runs."""
    config = connections.add(
        AIProviderConfig(kind="fal", provider="fal", name="fal", base_url=odd.url),
        actor=admin_user,
        key=Odd.key,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True, settings={"poll_seconds": 0, "result_hosts": ["127.0.0.1"]}
    )
    config.models.filter(kind="image").update(is_default=False)
    config.models.filter(name="fal-ai/flux/schnell").update(
        is_active=True, is_default=True, price=Decimal("0.003")
    )
    odd.replies = {
        "/fal-ai/flux/schnell": Reply(200, {"request_id": "one"}),
        "/fal-ai/flux/requests/one/status": Reply(202, {"status": "IN_PROGRESS"}),
        "/v1/account/billing": Reply(200, {"credits": {"current_balance": 100}}),
    }
    return Real("fal", odd, clock)


@pytest.mark.parametrize(
    "body",
    [
        {"request_id": "../../v1/account"},
        {"request_id": "a b"},
        {"request_id": "t" * 1000},
        {"request_id": {"id": "one"}},
    ],
)
def test_name_of_a_request_that_is_no_name_is_unclear(
    body: dict[str, Any], fal: Real, odd: Odd
) -> None:
    odd.replies["/fal-ai/flux/schnell"] = Reply(200, body)
    call = fal.finish(IMAGE)
    assert (call.state, call.task_id) == ("unclear", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/one",
        "https://evil.example/fal-ai/../../x/requests/one",
        "https://evil.example/other/app/requests/two",
        "javascript:alert(1)",
        "http://[",
        "",
    ],
)
def test_address_of_a_result_that_is_none_is_composed(address: str, fal: Real, odd: Odd) -> None:
    odd.replies["/fal-ai/flux/schnell"] = Reply(200, {"request_id": "one", "response_url": address})
    call = fal.go(IMAGE).call
    assert (call.state, call.task_id) == ("accepted", "fal-ai/flux/requests/one")


def test_request_is_asked_about_at_the_connection_whatever_its_address(fal: Real, odd: Odd) -> None:
    odd.replies["/fal-ai/flux/schnell"] = Reply(
        200, {"request_id": "one", "response_url": "https://evil.example/an/app/requests/one"}
    )
    odd.replies["/an/app/requests/one/status"] = Reply(202, {"status": "IN_QUEUE"})
    fal.go(IMAGE)
    assert fal.go(IMAGE).call.state == "accepted"
    assert odd.asked[-1].path == "/an/app/requests/one/status"


@pytest.mark.slow
@pytest.mark.parametrize("balance", [*ABSURD, None, "many", [1], {"a": 1}])
def test_balance_of_fal_that_cannot_be_stops_no_call(balance: Any, fal: Real, odd: Odd) -> None:
    odd.replies["/v1/account/billing"] = Reply(200, {"credits": {"current_balance": balance}})
    fal.go(IMAGE)
    assert ProviderCall.objects.get().state == "accepted"
    assert fal.config.balance is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "COMPLETED", "error": {"a": ["b"]}, "error_type": 5}, "refused"),
        ({"status": None}, "accepted"),
        ({"status": ["IN_PROGRESS"]}, "accepted"),
        ([], "accepted"),
    ],
)
def test_state_of_an_odd_shape(body: Any, state: str, fal: Real, odd: Odd) -> None:
    odd.replies["/fal-ai/flux/requests/one/status"] = Reply(200, body)
    odd.replies["/fal-ai/flux/requests/one"] = Reply(500, {"detail": [{"msg": {}, "type": 3}]})
    fal.go(IMAGE)
    for _ in range(3):
        try:
            fal.go(IMAGE)
        except Refused:
            break
    assert ProviderCall.objects.get().state == state


@pytest.mark.parametrize(
    ("amount", "right"),
    [
        (0, "0.0000"),
        (12.5, "12.5000"),
        (1e308, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_amounts(amount: float, right: str | None) -> None:
    assert usd(amount) == (None if right is None else Decimal(right))


def test_words_of_a_stranger_are_one_short_line() -> None:
    assert (
        brief("a\x00b\r\n2026-11-22 INFO all is well\x1b[31m " + "x" * 10**6)
        == ("a b 2026-11-22 INFO all is well [31m " + "x" * 300)[:300]
    )
    assert brief("밤바다의 등대") == "밤바다의 등대"


@pytest.mark.parametrize("credits_", ABSURD)
def test_quote_that_cannot_be_is_no_quote(runway: Real, odd: Odd, credits_: float) -> None:
    odd.replies["/v1/text_to_image"] = Reply(
        200, {"id": "t", "estimatedCost": {"credits": credits_}}
    )
    runway.go(IMAGE)
    call = ProviderCall.objects.get()
    assert (call.state, call.task_id, call.quote, call.counted) == (
        "accepted",
        "t",
        None,
        call.estimate,
    )


@pytest.mark.parametrize("credits_", ABSURD)
def test_cost_of_a_failure_that_cannot_be_is_unclear(
    runway: Real, odd: Odd, credits_: float
) -> None:
    runway.go(IMAGE)
    odd.replies["/v1/tasks/t"] = Reply(
        200, {"id": "t", "status": "FAILED", "cost": {"credits": credits_}}
    )
    call = runway.finish(IMAGE)
    assert (call.state, call.counted) == ("unclear", Decimal("0.05"))


@pytest.mark.parametrize("progress", [1e308, -1e308, 17])
def test_progress_beyond_its_bounds(runway: Real, odd: Odd, progress: float) -> None:
    odd.replies["/v1/tasks/t"] = Reply(200, {"id": "t", "status": "RUNNING", "progress": progress})
    runway.go(IMAGE)
    runway.go(IMAGE)
    assert ProviderCall.objects.get().progress in {0, 99}


@pytest.mark.parametrize("balance", ABSURD)
def test_balance_that_cannot_be_stops_no_call(runway: Real, odd: Odd, balance: float) -> None:
    odd.replies["/v1/organization"] = Reply(200, {"creditBalance": balance})
    runway.go(IMAGE)
    assert (ProviderCall.objects.get().state, runway.config.balance) == ("accepted", None)


def test_what_no_adapter_foresaw_ends_no_paid_work(runway: Real, odd: Odd) -> None:
    runway.go(IMAGE)
    odd.replies["/v1/tasks/t"] = Reply(
        200, b'{"id": "t", "status": "FAILED", "output": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    )
    assert runway.clock
    for _ in range(5):
        runway.go(IMAGE)
        runway.clock.forward(minutes=2)
    assert ProviderCall.objects.get().state == "accepted"
    runway.clock.forward(hours=25)
    assert runway.finish(IMAGE).state == "unclear"


def test_name_of_a_task_that_cannot_be_kept_is_unclear(runway: Real, odd: Odd) -> None:
    odd.replies["/v1/text_to_image"] = Reply(200, {"id": "t" * 1000})
    call = runway.finish(IMAGE)
    assert (call.state, "ttt" in str(call.note), len(str(call.note)) < 300) == (
        "unclear",
        True,
        True,
    )


@pytest.mark.parametrize("after", ["9" * 30, "²", "-5", "Fri, 31 Dec 1999 23:59:59 GMT", "0"])
@pytest.mark.parametrize("provider", ["runway_ml", "replicate", "llm"])
def test_wait_that_cannot_be_is_at_most_an_hour(
    odd: Odd, runway: Real, after: str, provider: str
) -> None:
    limited = Reply(
        429,
        {"error": "slow down", "detail": "slow down"},
        {"Retry-After": after.encode().decode("latin-1")},
    )
    odd.replies |= dict.fromkeys(
        (
            "/v1/text_to_image",
            "/models/black-forest-labs/flux-schnell/predictions",
            "/predictions",
            "/chat/completions",
        ),
        limited,
    )
    with pytest.raises(NotNow) as wait:
        Real(provider, odd).go(PLAN if provider == "llm" else IMAGE)
    assert (
        timedelta(0)
        <= wait.value.until - timezone.now() + timedelta(seconds=1)
        <= timedelta(hours=1, seconds=2)
    )
    assert ProviderCall.objects.get().state == "refused"


def test_endless_words_of_a_refusal_are_cut(odd: Odd, runway: Real) -> None:
    odd.replies["/v1/text_to_image"] = Reply(400, {"error": "no\u0000\n" * 10**6})
    with pytest.raises(Refused) as refused:
        runway.go(IMAGE)
    call = ProviderCall.objects.get()
    assert (
        call.state,
        len(str(refused.value)) < 400,
        "\x00" in str(call.note),
        "\n" in str(call.note),
    ) == ("refused", True, False, False)


def test_noughts_in_a_plan_are_kept_out_of_the_books(odd: Odd) -> None:
    """PostgreSQL keeps no NUL in a text: a paid plan would be lost for one."""
    shot = (
        '{{"first": {0}, "last": {1}, "title": "A\\u0000", "prompt": "b\\u0000b", '
        '"prompt_en": "c", "camera": "still"}}'
    )
    content = '{"scenes": [' + shot.format(1, 2) + ", " + shot.format(3, 4) + "]}"
    odd.replies["/chat/completions"] = Reply(
        200, {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    )
    call = Real("llm", odd).finish(PLAN)
    assert call.state == "settled"
    assert call.result is not None
    assert "\x00" not in str(call.result)


@pytest.mark.parametrize("tokens", [-10, 10**18])
def test_tokens_that_cannot_be_cost_what_was_reserved(odd: Odd, tokens: int) -> None:
    shot = (
        '{{"first": {0}, "last": {1}, "title": "A", "prompt": "b", "prompt_en": "c", '
        '"camera": "still"}}'
    )
    content = '{"scenes": [' + shot.format(1, 2) + ", " + shot.format(3, 4) + "]}"
    answer = {
        "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": tokens},
    }
    odd.replies["/chat/completions"] = Reply(200, answer)
    call = Real("llm", odd).finish(PLAN)
    assert (call.state, call.cost, call.cost_is_estimated) == ("settled", call.estimate, True)


@pytest.mark.parametrize("provider", ["replicate", "stability_ai", "llm", "runway_ml"])
def test_check_of_the_connection_shows_the_status_and_nothing_of_the_answer(
    odd: Odd, provider: str
) -> None:
    paths = ("/account", "/v1/user/balance", "/v1/engines/list", "/models", "/v1/organization")
    odd.replies = dict.fromkeys(paths, Reply(200, b"<html>Log in to the hotel's network</html>"))
    health = adapter_for(AIProviderConfig.objects.get(provider=provider)).check()
    assert (health.ok, dict(health.facts)) == (
        False,
        {"answer": "HTTP 200, this is not an answer of the provider"},
    )


@pytest.mark.moderate
def test_answer_that_is_packed_twice_is_not_unpacked(runway: Real, odd: Odd, tmp_path: Any) -> None:
    runway.go(IMAGE)
    bomb = gzip.compress(gzip.compress(b'{"id": "t", "status": "RUNNING"}' + b" " * 10**8))
    odd.replies["/v1/tasks/t"] = Reply(
        200, bomb, {"Content-Encoding": "gzip, gzip", "Content-Type": "video/mp4"}
    )
    runway.go(IMAGE)
    assert "cannot be reached at the moment (DecodingError)" in str(ProviderCall.objects.get().note)
    with pytest.raises(Later, match="DecodingError"):
        Link(f"{odd.url}/v1/tasks/t", hosts=("127.0.0.1",)).download(
            tmp_path / "f", should_stop=lambda: False
        )


def test_answer_that_is_packed_once_is_read(runway: Real, odd: Odd) -> None:
    runway.go(IMAGE)
    odd.replies["/v1/tasks/t"] = Reply(
        200,
        gzip.compress(b'{"id": "t", "status": "RUNNING", "progress": 0.5}'),
        {"Content-Encoding": "gzip"},
    )
    runway.go(IMAGE)
    assert ProviderCall.objects.get().progress == 50
