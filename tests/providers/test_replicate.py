"""Replicate through the call service, before a server that behaves and charges as it does."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import replicate as official
from django.core.cache import cache
from django.utils import timezone

from providers.backends.replicate import webhook
from providers.calls import Pending, Ready
from providers.errors import Forbidden, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, CallEvent, ProviderCall, ProviderModel
from providers.registry import adapter_for
from providers.requests import ClipRequest, ImageRequest
from tests.fakes import media
from tests.fakes.replicate import SECRET, VERSION, Made, Replicate, signed
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, Real, configure, put_picture, specs


@pytest.fixture
def replicate(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"replicate": Replicate.key}
    cache.clear()
    with Replicate() as fake:
        configure("replicate", fake)
        put_picture()
        webhook.refresh_secret(AIProviderConfig.objects.get(provider="replicate"))
        yield Real("replicate", fake, clock)
    cache.clear()


def sent(replicate: Real) -> Any:
    return next(
        asked
        for asked in replicate.fake.asked
        if asked.path.endswith("/predictions") and asked.method == "POST"
    )


def test_picture_by_an_official_model(replicate: Real) -> None:
    call = replicate.finish(IMAGE)
    assert (call.state, call.cost, call.cost_is_estimated, call.model) == (
        "settled",
        Decimal("0.003"),
        True,
        "black-forest-labs/flux-schnell",
    )
    asked = sent(replicate)
    assert (asked.path, asked.headers["cancel-after"]) == (
        "/v1/models/black-forest-labs/flux-schnell/predictions",
        "30m",
    )
    assert asked.json == {
        "input": {
            "prompt": "a lighthouse at the sea by night. watercolour",
            "aspect_ratio": "16:9",
            "seed": 7,
        }
    }
    assert (replicate.fake.charged, replicate.fake.paid) == (call.cost, 1)


def test_clip_from_a_picture(replicate: Real) -> None:
    call = replicate.finish(CLIP)
    assert (call.state, call.cost, call.units) == ("settled", Decimal("0.30"), Decimal(5))
    given = sent(replicate).json["input"]
    assert given.pop("image").startswith("data:image/png;base64,")
    assert given == {
        "prompt": "a lighthouse at the sea by night. Camera: slow dolly in.",
        "aspect_ratio": "16:9",
        "seed": 7,
        "duration": 5,
    }
    assert replicate.fake.charged == call.cost


def test_large_picture_is_put_there_first(replicate: Real) -> None:
    import random

    put_picture("large.png", media.picture(64, 64) + random.Random(1).randbytes(300_000))
    assert (
        replicate.finish(ClipRequest(prompt="sea", duration_ms=5000, image_file="large.png")).state
        == "settled"
    )
    assert sent(replicate).json["input"]["image"].startswith(f"{replicate.fake.url}/v1/files/")


def test_picture_that_cannot_be_put_there_costs_nothing_and_may_be_tried_again(
    replicate: Real,
) -> None:
    import random

    put_picture("large.png", media.picture(64, 64) + random.Random(1).randbytes(300_000))
    request = ClipRequest(prompt="sea", duration_ms=5000, image_file="large.png")
    replicate.fake.expect("no_upload", times=1)
    with pytest.raises(Refused) as refused:
        replicate.go(request)
    assert (refused.value.kind, replicate.fake.paid) == ("unreachable", 0)
    assert replicate.finish(request).state == "settled"


def test_model_by_its_version_with_its_own_names_of_inputs_and_price_by_time(
    replicate: Real,
) -> None:
    options = {
        "input": {
            "prompt": "text",
            "aspect_ratio": "",
            "seed": "noise",
            "image": "first_frame",
            "duration": "seconds",
        },
        "extra": {"prompt": "fixed", "fps": 24},
        "usd_per_predict_second": 0.01,
    }
    ProviderModel.objects.create(
        provider_id="replicate",
        name=VERSION,
        kind="clip",
        unit="second",
        price=Decimal("0.10"),
        options=options,
    )
    call = replicate.finish(ClipRequest(prompt="sea", duration_ms=5000, seed=3, model=VERSION))
    assert (call.state, call.estimate, call.cost) == ("settled", Decimal("0.50"), Decimal("0.0413"))
    assert sent(replicate).path == "/v1/predictions"
    assert sent(replicate).json == {
        "version": VERSION,
        "input": {
            "text": "sea. Camera: slow dolly in.",
            "noise": 3,
            "seconds": 5,
            "prompt": "fixed",
            "fps": 24,
        },
    }


@pytest.mark.parametrize(("audio", "asked"), [("switch", False), ("on", True)])
def test_clip_with_sound_is_asked_of_the_row_that_says_so(
    audio: str, asked: Any, replicate: Real
) -> None:
    usual = replicate.config.models.get(name="bytedance/seedance-1-pro")
    ProviderModel.objects.create(
        provider_id="replicate",
        name=f"seedance-{audio}",
        kind="clip",
        unit="second",
        price=usual.price,
        options={"called": usual.name, "input": {"audio": "generate_audio"}},
        capabilities={"audio": audio},
    )
    call = replicate.finish(ClipRequest(prompt="sea", duration_ms=5000, model=f"seedance-{audio}"))
    assert (call.state, call.model) == ("settled", f"seedance-{audio}")
    assert sent(replicate).path == f"/v1/models/{usual.name}/predictions"
    assert sent(replicate).json["input"]["generate_audio"] is asked


OUTCOMES: list[tuple[str, str, str, str, int]] = [
    ("no_credits", "refused", "credits", "0", 0),
    ("bad_key", "refused", "key", "0", 0),
    ("limit", "refused", "limit", "0", 0),
    ("limit_header", "refused", "limit", "0", 0),
    ("redirect", "refused", "invalid", "0", 0),
    ("http_404", "refused", "invalid", "0", 0),
    ("http_422", "refused", "invalid", "0", 0),
    ("http_408", "unclear", "", "", 0),
    ("http_409", "unclear", "", "", 0),
    ("http_500", "unclear", "", "", 0),
    ("http_503", "unclear", "", "", 0),
    ("html", "unclear", "", "", 0),
    ("drop_before", "unclear", "", "", 0),
    ("drop", "unclear", "", "", 1),
    ("slow", "unclear", "", "", 1),
    ("half", "unclear", "", "", 1),
    ("garbage", "unclear", "", "", 1),
    ("no_id", "unclear", "", "", 1),
    ("done_http_500", "unclear", "", "", 1),
    ("failed", "refused", "failed", "0", 0),
    ("oom", "refused", "failed", "0", 0),
    ("nsfw", "refused", "moderated", "0", 0),
    ("canceled", "refused", "cancelled", "0.003", 1),
    ("aborted", "refused", "cancelled", "0", 0),
    ("deleted", "unclear", "", "", 1),
    ("removed", "unclear", "", "", 1),
    ("no_file", "unclear", "", "", 1),
    ("evil_link", "unclear", "", "", 1),
    ("new_state", "settled", "", "0.003", 1),
    ("busy_polls", "settled", "", "0.003", 1),
    ("string_output", "settled", "", "0.003", 1),
    ("object_output", "settled", "", "0.003", 1),
]


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "paid"), OUTCOMES, ids=[row[0] for row in OUTCOMES]
)
def test_outcome(
    scenario: str, state: str, refusal: str, cost: str, paid: int, replicate: Real
) -> None:
    replicate.expect(scenario)
    replicate.ends(IMAGE, state=state, refusal=refusal, cost=cost, paid=paid)


@pytest.mark.parametrize(("scenario", "seconds"), [("limit", 30), ("limit_header", 7)])
def test_limit_says_how_long(scenario: str, seconds: int, replicate: Real) -> None:
    replicate.expect(scenario)
    with pytest.raises(NotNow) as not_now:
        replicate.go(IMAGE)
    assert (
        timedelta(seconds=seconds - 2)
        < not_now.value.until - timezone.now()
        <= timedelta(seconds=seconds)
    )


def test_progress_is_read_from_the_log(replicate: Real) -> None:
    heard: list[int] = []
    for _ in range(5):
        if isinstance(replicate.go(IMAGE, on_progress=heard.append), Ready):
            break
    assert heard == [40]


def test_lost_prediction_is_found_in_the_list(replicate: Real, admin_user: Any) -> None:
    from providers.services import unclear_calls

    replicate.finish(ImageRequest(prompt="something else"), key="other")
    replicate.fake.expect("drop", times=1)
    call = replicate.finish(IMAGE)
    found = unclear_calls.candidates(call)
    assert [candidate.matches for candidate in found] == [
        True
    ]  # the other one is known to be another call's
    unclear_calls.attach_task(
        call, actor=admin_user, reason="the only one with this prompt", task_id=found[0].task_id
    )
    assert replicate.finish(IMAGE).state == "settled"
    assert replicate.fake.paid == 2


def test_check(replicate: Real, settings: Any) -> None:
    adapter = adapter_for(replicate.config)
    assert adapter.check().facts == {"account": "organization"}
    assert adapter.balance() is None
    pending = replicate.go(IMAGE)
    assert adapter.cancel(pending.call.task_id) is True
    assert replicate.finish(IMAGE).refusal == "cancelled"
    settings.PROVIDER_KEYS = {"replicate": "r8_wrong"}
    assert adapter_for(replicate.config).check().ok is False


def test_token_goes_with_the_file_to_its_owner_only(replicate: Real) -> None:
    AIProviderConfig.objects.filter(provider="replicate").update(
        settings=replicate.config.settings | {"result_hosts": ["replicate.delivery"]}
    )
    assert replicate.finish(IMAGE).state == "unclear"
    assert not [asked for asked in replicate.fake.asked if asked.path.startswith("/delivery/")]


# --- webhooks


def message(call: ProviderCall) -> dict[str, Any]:
    return {"id": call.task_id, "status": "succeeded", "output": "https://evil.example/film.mp4"}


def test_webhook_wakes_the_call_and_is_not_believed(replicate: Real) -> None:
    AIProviderConfig.objects.filter(provider="replicate").update(
        settings=replicate.config.settings | {"poll_seconds": 500}
    )
    call = replicate.go(IMAGE).call
    headers, body = signed(message(call))
    webhook.receive(headers, body, attempt=str(call.pk))
    answer = replicate.go(IMAGE)
    assert isinstance(answer, Pending)  # it was asked about, and is not done
    assert (
        sum(asked.path == f"/v1/predictions/{call.task_id}" for asked in replicate.fake.asked) == 1
    )
    webhook.receive(headers, body, attempt=str(call.pk))  # repeated: nothing more happens
    replicate.go(IMAGE)
    assert (
        sum(asked.path == f"/v1/predictions/{call.task_id}" for asked in replicate.fake.asked) == 1
    )


def test_webhook_finds_the_call_whose_answer_was_lost(replicate: Real) -> None:
    AIProviderConfig.objects.filter(provider="replicate").update(
        settings=replicate.config.settings | {"webhook_url": "https://studio.example/hook"}
    )
    replicate.fake.expect("drop", times=1)
    call = replicate.finish(IMAGE)
    assert call.state == "unclear"
    assert sent(replicate).json["webhook"] == f"https://studio.example/hook?attempt={call.pk}"
    made = next(iter(replicate.fake.made.values()))  # type: ignore[attr-defined]
    headers, body = signed({"id": made.id, "status": "succeeded"})
    webhook.receive(headers, body, attempt=str(call.pk))
    assert replicate.finish(IMAGE).state == "settled"
    assert (
        replicate.fake.paid,
        CallEvent.objects.filter(call=call).values_list("name", flat=True)[3],
    ) == (1, "accept")


def test_webhook_sent_on_with_the_name_of_another_call_gives_it_nothing(replicate: Real) -> None:
    replicate.fake.expect("drop", times=2)
    mine, other = (
        replicate.finish(IMAGE),
        replicate.finish(
            ImageRequest(prompt="다른 그림", prompt_en="another picture", seed=9), "other"
        ),
    )
    made = next(iter(replicate.fake.made.values()))  # type: ignore[attr-defined]
    headers, body = signed({"id": made.id, "status": "succeeded"})
    webhook.receive(headers, body, attempt=str(other.pk))
    other.refresh_from_db()
    assert (other.state, other.task_id) == ("unclear", "")
    headers, body = signed({"id": made.id, "status": "succeeded"}, name="msg_2")
    webhook.receive(headers, body, attempt=str(mine.pk))
    mine.refresh_from_db()
    assert (mine.state, mine.task_id) == ("accepted", made.id)


def test_webhook_of_a_prediction_that_does_not_exist_changes_nothing(replicate: Real) -> None:
    replicate.fake.expect("http_500", times=1)
    call = replicate.finish(IMAGE)
    headers, body = signed({"id": "invented", "status": "succeeded"})
    with pytest.raises(Unclear):
        webhook.receive(headers, body, attempt=str(call.pk))
    call.refresh_from_db()
    assert (call.state, call.task_id) == ("unclear", "")


@pytest.mark.parametrize("attempt", ["", "no uuid", "6f1b3c1e-0000-4000-8000-000000000000"])
def test_webhook_about_nothing_of_ours_is_taken_and_forgotten(
    attempt: str, replicate: Real
) -> None:
    headers, body = signed({"id": "whatever", "status": "succeeded"})
    webhook.receive(headers, body, attempt=attempt)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,서명"},
        {"webhook-timestamp": str(int(time.time()) - 400)},
        {"webhook-timestamp": "yesterday"},
        {"webhook-id": "another"},
        {"webhook-id": ""},
    ],
)
def test_wrong_signatures(change: dict[str, str], replicate: Real) -> None:
    headers, body = signed({"id": "x"})
    webhook.verify(SECRET, headers, body)
    with pytest.raises(Forbidden):
        webhook.verify(SECRET, headers | change, body)
    with pytest.raises(Forbidden):
        webhook.receive(headers | change, body)


def test_changed_body_and_old_message(replicate: Real) -> None:
    headers, body = signed({"id": "x"})
    with pytest.raises(Forbidden):
        webhook.verify(SECRET, headers, body + b" ")
    headers, body = signed({"id": "x"}, at=time.time() - 301)
    with pytest.raises(Forbidden):
        webhook.verify(SECRET, headers, body)


def test_one_of_several_signatures_is_enough(replicate: Real) -> None:
    headers, body = signed({"id": "x"}, name="msg_1")
    headers["webhook-signature"] = f"v1,b3RoZXI= v2,abc {headers['webhook-signature']}"
    assert webhook.verify(SECRET, headers, body) == "msg_1"


def test_address_of_the_webhook(replicate: Real, client: Any) -> None:
    headers, body = signed({"id": "x"})
    named = {name: value for name, value in headers.items() if name != "content-type"}
    assert (
        client.post(
            "/hooks/replicate/", body, content_type="application/json", headers=named
        ).status_code
        == 204
    )
    assert (
        client.post("/hooks/replicate/", body, content_type="application/json").status_code == 403
    )
    assert client.get("/hooks/replicate/").status_code == 405


def test_who_may_post_to_the_webhook(replicate: Real, rf: Any) -> None:
    from providers.backends.replicate.views import hook

    headers, body = signed({"id": "x"})
    named = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in headers.items()
        if name != "content-type"
    }
    assert hook(rf.get("/hook")).status_code == 405
    assert hook(rf.post("/hook", body, content_type="application/json")).status_code == 403
    assert (
        hook(rf.post("/hook?attempt=x", body, content_type="application/json", **named)).status_code
        == 204
    )
    AIProviderConfig.objects.filter(provider="replicate").update(
        webhook_secret_enc=""
    )  # not known yet: it may be sent again
    headers, body = signed({"id": "y"})
    named = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in headers.items()
        if name != "content-type"
    }
    assert hook(rf.post("/hook", body, content_type="application/json", **named)).status_code == 503
    assert (
        hook(
            rf.post(
                "/hook", body, content_type="application/json", CONTENT_LENGTH="99999999", **named
            )
        ).status_code
        == 413
    )


UNSIGNED: list[dict[str, str]] = [
    {},
    {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": "now",
        "HTTP_WEBHOOK_SIGNATURE": "v1,AAAA",
    },
    {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": "1" * 5000,
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{'A' * 43}=",
    },
    {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": "1500000000",
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{'A' * 43}=",
    },
    {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": "{now}",
        "HTTP_WEBHOOK_SIGNATURE": "v1,s\u00efgned",
    },
    {
        "HTTP_WEBHOOK_ID": "m\u00fcsg",
        "HTTP_WEBHOOK_TIMESTAMP": "{now}",
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{'A' * 43}=",
    },
    {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": "{now}",
        "HTTP_WEBHOOK_SIGNATURE": f"v1,{'A' * 43}=",
    },  # well formed and forged
]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.moderate
def test_flood_of_unsigned_webhooks_asks_nobody_for_anything(
    known: bool,  # noqa: FBT001
    replicate: Real,
    client: Any,
    django_assert_max_num_queries: Any,
) -> None:
    if not known:
        AIProviderConfig.objects.filter(provider="replicate").update(webhook_secret_enc="")
    before = len(replicate.fake.asked)
    answers = set()
    for n in range(200):
        headers = {
            name: value.format(now=int(time.time()))
            for name, value in UNSIGNED[n % len(UNSIGNED)].items()
        }
        answers.add(
            client.post(
                "/hooks/replicate/", b"{}", content_type="application/json", **headers
            ).status_code
        )
    assert len(replicate.fake.asked) == before
    assert answers == ({403} if known else {403, 503})


def test_failure_to_learn_the_secret_is_remembered(replicate: Real, clock: Clock) -> None:
    AIProviderConfig.objects.filter(provider="replicate").update(
        webhook_secret_enc="", webhook_tried_at=None, base_url="http://127.0.0.1:9"
    )
    assert webhook.refresh_secret(replicate.config) is False
    AIProviderConfig.objects.filter(provider="replicate").update(base_url=replicate.fake.base)  # type: ignore[attr-defined]
    before = len(replicate.fake.asked)
    assert webhook.refresh_secret(replicate.config) is False
    assert len(replicate.fake.asked) == before
    clock.forward(minutes=11)
    assert webhook.refresh_secret(replicate.config) is True
    assert webhook.secret_of(replicate.config) == SECRET


def test_periodic_work_learns_the_secret_only_where_webhooks_are_used(replicate: Real) -> None:
    rows = AIProviderConfig.objects.filter(provider="replicate")
    rows.update(webhook_secret_enc="", webhook_tried_at=None)
    before = len(replicate.fake.asked)
    webhook.refresh_webhook_secret()
    assert len(replicate.fake.asked) == before
    rows.update(settings=replicate.config.settings | {"webhook_url": "https://studio.example/hook"})
    webhook.refresh_webhook_secret()
    assert webhook.secret_of(replicate.config) == SECRET
    assert SECRET not in replicate.config.webhook_secret_enc


def test_signed_webhook_of_an_attempt_that_was_decided_on_is_the_truth(
    replicate: Real, admin_user: Any
) -> None:
    from providers.services import unclear_calls

    replicate.fake.expect("drop", times=1)
    call = replicate.finish(IMAGE)
    unclear_calls.not_charged(call, actor=admin_user, reason="nothing seen")
    made = next(iter(replicate.fake.made.values()))  # type: ignore[attr-defined]
    headers, body = signed({"id": made.id, "status": "succeeded"})
    webhook.receive(headers, body, attempt=str(call.pk))
    assert replicate.finish(IMAGE).state == "settled"
    assert (ProviderCall.objects.count(), replicate.fake.charged) == (
        1,
        ProviderCall.objects.get().cost,
    )


@pytest.mark.skipif(
    specs("replicate-webhook-vector.json") is None, reason="the known answer does not lie here"
)
def test_known_answer_of_a_signature(clock: Clock) -> None:
    path = specs("replicate-webhook-vector.json")
    assert path
    vector = json.loads(path.read_text())
    headers = {
        name: vector[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    }
    clock.ahead += timedelta(seconds=int(headers["webhook-timestamp"]) - time.time())
    assert (
        webhook.verify(vector["secret"], headers, vector["body"].encode()) == headers["webhook-id"]
    )


# --- judges


def test_official_client_understands_every_answer_and_sends_the_same(replicate: Real) -> None:
    client = official.Client(api_token=Replicate.key, base_url=replicate.fake.url)
    for scenario, end in (("fine", "succeeded"), ("failed", "failed"), ("canceled", "canceled")):
        replicate.expect(scenario)
        prediction = client.models.predictions.create(
            "black-forest-labs/flux-schnell",
            input={"prompt": "a lighthouse", "seed": 7},
            wait=False,
        )
        seen = [prediction.status]
        for _ in range(3):
            prediction.reload()
            seen.append(prediction.status)
        assert seen == ["starting", "starting", "processing", end]
    assert len(client.predictions.list().results) == 3
    client._client.close()
    theirs = sent(replicate)
    replicate.finish(IMAGE)
    ours = [asked for asked in replicate.fake.asked if asked.method == "POST"][-1]
    assert (ours.path, set(ours.json)) == (theirs.path, set(theirs.json))
    assert ours.headers["authorization"] == theirs.headers["authorization"]


@pytest.mark.skipif(
    specs("replicate-openapi-2026-03-16.json") is None,
    reason="the official specification does not lie here",
)
@pytest.mark.parametrize("request_", [IMAGE, CLIP])
def test_official_specification_accepts_what_is_sent(request_: Any, replicate: Real) -> None:
    import jsonschema

    path = specs("replicate-openapi-2026-03-16.json")
    assert path
    document = json.loads(path.read_text())
    AIProviderConfig.objects.filter(provider="replicate").update(
        settings=replicate.config.settings | {"webhook_url": "https://studio.example/hook"}
    )
    replicate.finish(request_)
    operation = document["paths"]["/models/{model_owner}/{model_name}/predictions"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(
        sent(replicate).json
    )


@pytest.mark.skipif(
    specs("replicate-openapi-2026-03-16.json") is None,
    reason="the official specification does not lie here",
)
@pytest.mark.parametrize("scenario", ["fine", "failed", "canceled", "aborted", "removed"])
def test_official_specification_accepts_what_the_fake_answers(
    scenario: str, replicate: Real
) -> None:
    import httpx
    import jsonschema

    path = specs("replicate-openapi-2026-03-16.json")
    assert path
    document = _repaired(json.loads(path.read_text()))
    judge = jsonschema.Draft202012Validator(
        {
            "$ref": "#/components/schemas/schemas_prediction_response",
            "components": document["components"],
        }
    )
    replicate.expect(scenario)
    replicate.finish(IMAGE)
    task_id = ProviderCall.objects.get().task_id
    headers = {"authorization": f"Bearer {Replicate.key}"}
    judge.validate(
        httpx.get(f"{replicate.fake.url}/v1/predictions/{task_id}", headers=headers).json()
    )


def _repaired(node: Any) -> Any:
    """The file says `nullable` in a version of JSON Schema that has no such word, and its `version`
    matches two branches.
    """
    if isinstance(node, list):
        return [_repaired(one) for one in node]
    if not isinstance(node, dict):
        return node
    repaired = {name: _repaired(value) for name, value in node.items()}
    if repaired.pop("nullable", False) and isinstance(repaired.get("type"), str):
        repaired["type"] = [repaired["type"], "null"]
    if "oneOf" in repaired and any("hidden" in str(branch) for branch in repaired["oneOf"]):
        repaired["anyOf"] = repaired.pop("oneOf")
    return repaired


def test_made_is_a_plain_value() -> None:
    assert Made("a", "m", {}, "").status == "starting"
