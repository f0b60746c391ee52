"""fal through the call service, before a server that behaves and charges as fal does."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import fal_client as official
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from providers.adapters import ModelSpec
from providers.backends.fal import adapter as fal_adapter
from providers.calls import Ready
from providers.errors import NotNow, Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import CastReference, ClipRequest, Edit, ImageRequest, SpeechRequest
from providers.services import unclear_calls
from providers.services.raw_answers import recover
from tests.fakes import media
from tests.fakes.fal import TOKEN, UPLOADING, Fal, Made
from tests.fakes.server import Reply
from tests.providers.conftest import Clock
from tests.providers.connected import connect_fal
from tests.providers.real import IMAGE, Real, put_picture

FLUX = "fal-ai/flux/schnell"
KLING = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
KLING_4K = "fal-ai/kling-video/o3/4k/image-to-video"
VEO = "fal-ai/veo3/image-to-video"
CLIP = ClipRequest(
    prompt="밤바다의 등대",
    prompt_en="a lighthouse at the sea by night",
    negative="blur",
    seed=7,
    duration_ms=4000,
    image_file="scene.png",
    model=KLING,
)
HARU = CastReference("character", "Haru", "소녀", "a girl", "scene.png", "0" * 64)


@pytest.fixture
def fal(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    with Fal() as fake:
        connect_fal(fake, admin_user)
        put_picture()
        yield Real("fal", fake, clock)


def sent(fal: Real) -> Any:
    return fal.fake.orders[-1]


def made(fal: Real) -> Made:
    assert isinstance(fal.fake, Fal)
    return next(iter(fal.fake.made.values()))


def change_settings(fal: Real, **values: Any) -> None:
    AIProviderConfig.objects.filter(provider="fal").update(settings=fal.config.settings | values)


# --- what is sent


def test_picture(fal: Real) -> None:
    call = fal.finish(IMAGE)
    assert (call.state, call.cost, call.cost_is_estimated, call.model) == (
        "settled",
        Decimal("0.003"),
        True,
        FLUX,
    )
    assert call.task_id == f"fal-ai/flux/requests/{made(fal).id}"
    assert call.result is not None
    assert call.result["seed"] == 7
    order = sent(fal)
    assert (order.path, order.headers["authorization"]) == (f"/{FLUX}", f"Key {Fal.key}")
    assert (order.headers["x-fal-request-timeout"], order.headers["x-fal-store-io"]) == (
        "3600.0",
        "1",
    )
    assert order.json == {
        "prompt": "a lighthouse at the sea by night. watercolour",
        "image_size": "landscape_16_9",
        "seed": 7,
    }
    assert (fal.fake.charged, fal.fake.paid) == (call.cost, 1)


def test_results_that_are_not_kept(fal: Real) -> None:
    change_settings(fal, keep_results=False, start_timeout=90)
    assert fal.finish(IMAGE).state == "settled"
    headers = sent(fal).headers
    assert (headers.get("x-fal-store-io"), headers["x-fal-request-timeout"]) == (None, "90.0")


def test_clip_from_a_picture(fal: Real) -> None:
    call = fal.finish(CLIP)
    assert (call.state, call.cost, call.units) == ("settled", Decimal("0.35"), Decimal(5))
    given = sent(fal).json
    assert given.pop("image_url").startswith("data:image/png;base64,")
    assert given == {
        "prompt": "a lighthouse at the sea by night. Camera: slow dolly in.",
        "duration": "5",
        "negative_prompt": "blur",
    }
    assert fal.fake.charged == call.cost


def test_clip_from_a_first_picture_to_a_last_one(fal: Real) -> None:
    request = ClipRequest(
        prompt="sea",
        duration_ms=5000,
        image_file="scene.png",
        end_image_file="scene.png",
        model=KLING_4K,
    )
    call = fal.finish(request)
    assert (call.state, call.cost) == ("settled", Decimal("2.10"))
    given = sent(fal).json
    assert given.pop("image_url") == given.pop("end_image_url")
    assert given == {
        "prompt": "sea. Camera: slow dolly in.",
        "duration": "5",
        "generate_audio": False,
    }


@pytest.mark.parametrize(
    ("model", "audio", "cost"), [(VEO, False, "0.80"), (f"{VEO}-sound", True, "1.60")]
)
def test_sound_is_asked_of_the_row_that_says_so(
    model: str, audio: Any, cost: str, fal: Real
) -> None:
    request = ClipRequest(
        prompt="sea", duration_ms=4000, image_file="scene.png", model=model, seed=3
    )
    call = fal.finish(request)
    assert (call.state, call.model, call.cost) == ("settled", model, Decimal(cost))
    assert sent(fal).path == f"/{VEO}"
    assert (sent(fal).json["generate_audio"], sent(fal).json["duration"]) == (audio, "4s")
    assert fal.fake.charged == call.cost


@pytest.mark.moderate
def test_clip_with_reference_sheets(fal: Real) -> None:
    model = "fal-ai/veo3.1/reference-to-video"
    request = ClipRequest(prompt="sea", duration_ms=8000, model=model, cast=[HARU, HARU])
    call = fal.finish(request)
    assert (call.state, call.cost) == ("settled", Decimal("1.60"))
    given = sent(fal).json
    assert [uri[:22] for uri in given.pop("image_urls")] == ["data:image/png;base64,"] * 2
    assert given == {
        "prompt": "Haru: 소녀. Haru: 소녀. sea. Camera: slow dolly in.",
        "aspect_ratio": "16:9",
        "duration": "8s",
        "generate_audio": False,
        "resolution": "720p",
    }
    with pytest.raises(Refused, match="takes 3 reference sheets, and Haru would be left out"):
        fal.go(ClipRequest(prompt="sea", duration_ms=8000, model=model, cast=[HARU] * 4), "four")
    with pytest.raises(Refused, match="needs at least one reference sheet"):
        fal.go(ClipRequest(prompt="sea", duration_ms=8000, model=model), "none")


def test_picture_is_changed(fal: Real) -> None:
    edit = Edit("change", "scene.png", "0" * 64, 320, 180)
    request = ImageRequest(prompt="at dawn", edit=edit, model="fal-ai/nano-banana-2/edit", seed=5)
    call = fal.finish(request)
    assert (call.state, call.cost) == ("settled", Decimal("0.08"))
    given = sent(fal).json
    assert [uri[:22] for uri in given.pop("image_urls")] == ["data:image/png;base64,"]
    assert given == {"prompt": "at dawn", "seed": 5, "resolution": "1K", "num_images": 1}


def test_picture_and_clip_are_upscaled(fal: Real) -> None:
    edit = Edit("upscale", "scene.png", "0" * 64, 320, 180)
    request = ImageRequest(prompt="", edit=edit, model="fal-ai/topaz/upscale/image")
    assert fal.finish(request).state == "settled"
    assert list(sent(fal).json) == ["image_url"]
    put_picture("clip.mp4", media.clip(5))
    edit = Edit("upscale", "clip.mp4", "0" * 64, 160, 90, duration_ms=5000)
    model = "fal-ai/bytedance-upscaler/upscale/video"
    call = fal.finish(ClipRequest(prompt="", duration_ms=5000, edit=edit, model=model), "clip")
    assert (call.state, call.cost) == ("settled", Decimal("0.0360"))
    given = sent(fal).json
    assert given.pop("video_url").startswith("data:video/mp4;base64,")
    assert given == {"target_resolution": "1080p", "target_fps": "30fps"}


def test_file_that_is_too_large_is_refused_before_anything_is_sent(fal: Real) -> None:
    change_settings(fal, most_megabytes=1)
    put_picture("large.png", media.picture(64, 64) + b"\0" * 1_100_000)
    request = ClipRequest(prompt="sea", duration_ms=5000, image_file="large.png", model=KLING)
    with pytest.raises(Refused, match=r"The file has 1.0 MB, and at most 1 MB are sent to fal"):
        fal.go(request)
    assert fal.fake.orders == []


# --- files that are put at fal

LARGE = media.picture(64, 64) + b"\0" * 3_200_000
FROM_LARGE = ClipRequest(prompt="sea", duration_ms=5000, image_file="large.png", model=KLING)


def uploads(fal: Real) -> list[Any]:
    return [asked for asked in fal.fake.asked if asked.path in UPLOADING]


def test_large_file_is_put_at_fal_and_its_address_sent(fal: Real) -> None:
    put_picture("large.png", LARGE)
    call = fal.finish(FROM_LARGE)
    assert (call.state, call.cost) == ("settled", Decimal("0.35"))
    token, upload = uploads(fal)
    assert (token.headers["authorization"], token.query) == (
        f"Key {Fal.key}",
        {"storage_type": "fal-cdn-v3"},
    )
    assert upload.headers["authorization"] == f"Bearer {TOKEN}"
    assert upload.body == LARGE
    assert isinstance(fal.fake, Fal)
    assert [sent(fal).json["image_url"]] == list(fal.fake.uploads)
    assert (fal.fake.paid, len(fal.fake.orders)) == (1, 1)


def test_small_file_goes_along(fal: Real) -> None:
    assert fal.finish(CLIP).state == "settled"
    assert uploads(fal) == []


TROUBLE: list[tuple[str, Reply, str, str]] = [
    ("token", Reply(401, {"detail": "Invalid key"}), "key", "does not accept the key: Invalid key"),
    ("token", Reply(429, {"detail": "Slow down"}), "limit", "Too many calls for fal: Slow down"),
    ("token", Reply(500, {"detail": "Oops"}), "unreachable", "could not be put at fal: Oops"),
    ("token", Reply(200, b"<html>"), "unreachable", "could not be put at fal"),
    ("token", Reply(200, {"token": "a b\r\nX: y"}), "unreachable", "could not be put at fal"),
    ("token", Reply(200, {"token": None}), "unreachable", "could not be put at fal"),
    ("upload", Reply(413, {"detail": "Too large"}), "unreachable", "put at fal: Too large"),
    ("upload", Reply(200, b"<html>"), "unreachable", "could not be put at fal"),
    ("upload", Reply(200, {"access_url": None}), "unreachable", "could not be put at fal"),
    (
        "upload",
        Reply(200, {"access_url": "https://evil.example/x.png"}),
        "unreachable",
        "put at fal: access_url",
    ),
]


@pytest.mark.parametrize(("step", "reply", "refusal", "words"), TROUBLE)
def test_file_that_cannot_be_put_sends_nothing(
    step: str, reply: Reply, refusal: str, words: str, fal: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_picture("large.png", LARGE)
    monkeypatch.setattr(fal.fake, step, lambda _asked: reply)
    with pytest.raises((Refused, NotNow)):
        fal.go(FROM_LARGE)
    call = ProviderCall.objects.get()
    assert (call.state, call.refusal, call.cost) == ("refused", refusal, Decimal(0))
    assert words in str(call.note)
    assert fal.fake.orders == []


@pytest.mark.parametrize("model", ["", "flux", "../account", "a/b?x=1", "a//b", "a/b/../../c"])
def test_model_that_is_no_address_of_fal(model: str, fal: Real) -> None:
    with pytest.raises(Refused, match="Choose a model for fal first"):
        adapter_for(fal.config).check_request(IMAGE, ModelSpec(name=model))


def test_speech_is_not_made(fal: Real) -> None:
    request = SpeechRequest(text="sea", language="en")
    with pytest.raises(Refused, match="pictures and clips only"):
        adapter_for(fal.config).check_request(request, ModelSpec(name=FLUX))


# --- how it ends

OUTCOMES: list[tuple[str, str, str, str, int]] = [
    ("no_credits", "refused", "credits", "0", 0),
    ("bad_key", "refused", "key", "0", 0),
    ("no_model", "refused", "invalid", "0", 0),
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
    ("silent_failure", "refused", "failed", "0", 0),
    ("timeout", "refused", "failed", "0", 0),
    ("nsfw", "refused", "moderated", "0.003", 1),
    ("flagged_output", "refused", "moderated", "0.003", 1),
    ("deleted", "unclear", "", "", 1),
    ("expired", "unclear", "", "", 1),
    ("no_file", "unclear", "", "", 1),
    ("evil_link", "unclear", "", "", 1),
    ("new_state", "settled", "", "0.003", 1),
    ("lower_status", "settled", "", "0.003", 1),
    ("busy_polls", "settled", "", "0.003", 1),
    ("busy_result", "settled", "", "0.003", 1),
    ("no_urls", "settled", "", "0.003", 1),
    ("one_image", "settled", "", "0.003", 1),
    ("text_output", "settled", "", "0.003", 1),
    ("data_output", "settled", "", "0.003", 1),
    ("other_field", "settled", "", "0.003", 1),
    ("words_first", "settled", "", "0.003", 1),
    ("nulls", "settled", "", "0.003", 1),
    ("odd_types", "settled", "", "0.003", 1),
    ("bom", "settled", "", "0.003", 1),
    ("utf16", "settled", "", "0.003", 1),
    ("junk_before", "settled", "", "0.003", 1),
    ("not_a_number", "settled", "", "0.003", 1),
    ("more_fields", "settled", "", "0.003", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "paid"), OUTCOMES, ids=[row[0] for row in OUTCOMES]
)
def test_outcome(scenario: str, state: str, refusal: str, cost: str, paid: int, fal: Real) -> None:
    fal.expect(scenario)
    fal.ends(IMAGE, state=state, refusal=refusal, cost=cost, paid=paid)


@pytest.mark.parametrize(("scenario", "seconds"), [("limit", 30), ("limit_header", 7)])
def test_limit_says_how_long(scenario: str, seconds: int, fal: Real) -> None:
    fal.expect(scenario)
    with pytest.raises(NotNow) as not_now:
        fal.go(IMAGE)
    assert (
        timedelta(seconds=seconds - 2)
        < not_now.value.until - timezone.now()
        <= timedelta(seconds=seconds)
    )


def test_inputs_that_the_model_refuses_count_at_their_price(fal: Real) -> None:
    """fal says that what it refuses may be charged: the ledger is never below the bill."""
    row = fal.config.models.get(name=FLUX)
    row.options |= {"extra": {"image_size": "huge"}}
    row.save()
    call = fal.finish(IMAGE)
    assert (call.state, call.refusal, call.cost) == ("refused", "failed", Decimal("0.003"))
    assert str(call.note) == "fal worked on it and failed: image_size: Not a size"


def test_words_of_a_refused_content(fal: Real) -> None:
    fal.fake.expect("nsfw", times=1)
    assert str(fal.finish(IMAGE).note) == (
        "fal's model refused the content; change the words of the prompt. It says: prompt: The "
        "content could not be processed because it was flagged by a content checker."
    )


def test_empty_account_pauses_the_connection(fal: Real) -> None:
    fal.fake.expect("no_credits", times=1)
    fal.finish(IMAGE)
    assert fal.config.is_paused


@pytest.mark.slow
def test_key_that_is_refused_while_asking_pauses_the_connection(fal: Real) -> None:
    fal.fake.expect("key_gone", times=1)
    assert fal.finish(IMAGE).state == "accepted"
    assert fal.config.is_paused


def test_large_clip_is_found_by_its_own_field(fal: Real) -> None:
    call = fal.finish(CLIP)
    assert call.result is not None
    assert call.result["duration_ms"] == 5000
    asked = [one.path for one in fal.fake.asked if one.path.startswith("/files/")]
    assert asked == [f"/files/{made(fal).id}/out.mp4"]


# --- lost answers


@pytest.mark.moderate
def test_lost_request_is_found_in_the_list(fal: Real, admin_user: User) -> None:
    fal.finish(ImageRequest(prompt="something else"), key="other")
    fal.fake.expect("drop", times=1)
    call = fal.finish(IMAGE)
    found = unclear_calls.candidates(call)
    assert [candidate.matches for candidate in found] == [True]
    unclear_calls.attach_task(
        call, actor=admin_user, reason="the only one with this prompt", task_id=found[0].task_id
    )
    assert fal.finish(IMAGE).state == "settled"
    assert fal.fake.paid == 2


def test_lost_request_that_is_entered_by_its_id_alone(fal: Real, admin_user: User) -> None:
    fal.fake.expect("half", times=1)
    call = fal.finish(IMAGE)
    unclear_calls.attach_task(
        call, actor=admin_user, reason="from fal's page", task_id=made(fal).id
    )
    assert fal.finish(IMAGE).state == "settled"
    assert fal.fake.paid == 1


def test_answer_that_cannot_be_read_names_its_request(fal: Real, admin_user: User) -> None:
    fal.fake.expect("half", times=1)
    call = fal.finish(IMAGE)
    assert call.state == "unclear"
    recover(call, actor=admin_user, reason="it names the request")
    call = fal.finish(IMAGE)
    assert (call.state, call.task_id) == ("settled", f"fal-ai/flux/requests/{made(fal).id}")
    assert fal.fake.paid == 1


def test_balance_before_and_after_an_unclear_call(fal: Real) -> None:
    fal.fake.expect("drop", times=1)
    call = fal.finish(IMAGE)
    assert (call.evidence["balance_before"], call.evidence["balance_after"]) == (
        "100.0000",
        "99.9970",
    )


# --- cancelling, checking


def test_cancel(fal: Real) -> None:
    adapter = adapter_for(fal.config)
    pending = fal.go(IMAGE)
    assert adapter.cancel("5f0c2e5a-0000-4000-8000-000000000000") is False  # of which model?
    assert adapter.cancel(pending.call.task_id) is True
    call = fal.finish(IMAGE)
    assert (call.state, call.refusal, call.cost) == ("refused", "cancelled", Decimal("0.003"))
    assert adapter.cancel(call.task_id) is False  # it is over


def test_check_tells_the_prices_and_is_free(fal: Real) -> None:
    health = adapter_for(fal.config).check()
    assert (health.ok, health.facts[FLUX], health.facts[KLING]) == (
        True,
        "0.003 USD / images",
        "0.07 USD / seconds",
    )
    assert fal.fake.orders == []


def test_check_with_a_wrong_key(fal: Real, settings: Any) -> None:
    settings.PROVIDER_KEYS = {"fal": "wrong"}
    health = adapter_for(fal.config).check()
    assert (health.ok, health.facts) == (False, {"answer": "HTTP 401, the key is not accepted"})


def test_key_that_may_not_read_the_balance(fal: Real) -> None:
    adapter = adapter_for(fal.config)
    assert adapter.balance() == Decimal(100)
    fal.fake.tells_balance = False  # type: ignore[attr-defined]
    assert adapter.balance() is None


def test_key_goes_to_fal_alone(fal: Real) -> None:
    """The platform's address follows from the connection's: no setting leads a key elsewhere."""
    config = fal.config
    adapter = fal_adapter.FalAdapter(config)
    assert adapter.platform.base == f"{fal.fake.url}/v1"
    config.base_url = "https://queue.fal.run"
    config.key_origin = ""
    assert fal_adapter.FalAdapter(config).platform.base == "https://api.fal.ai/v1"
    fal.finish(IMAGE)
    files = [one for one in fal.fake.asked if one.path.startswith("/files/")]
    assert [one.headers.get("authorization") for one in files] == [None]


# --- the official client


@pytest.fixture
def client(fal: Real, monkeypatch: pytest.MonkeyPatch) -> Iterator[official.SyncClient]:
    monkeypatch.setattr(official.client, "QUEUE_URL_FORMAT", f"{fal.fake.url}/")
    client = official.SyncClient(key=Fal.key)
    with client._client:
        yield client


@pytest.mark.moderate
def test_official_client_reads_every_state_and_the_result(
    fal: Real, client: official.SyncClient
) -> None:
    handle = client.submit(FLUX, {"prompt": "a lighthouse", "seed": 7}, start_timeout=3600)
    seen = [type(handle.status()).__name__ for _ in range(3)]
    assert seen == ["Queued", "InProgress", "Completed"]
    assert handle.get()["images"][0]["content_type"] == "image/png"
    assert client.result(FLUX, handle.request_id) == handle.get()
    theirs = sent(fal)
    fal.finish(IMAGE)
    ours = sent(fal)
    assert (ours.path, ours.headers["authorization"]) == (
        theirs.path,
        theirs.headers["authorization"],
    )
    name = "x-fal-request-timeout"
    assert ours.headers[name] == theirs.headers[name]


@pytest.mark.parametrize(
    ("scenario", "status", "kind"),
    [
        ("failed", 500, "internal_error"),
        ("timeout", 504, "request_timeout"),
        ("nsfw", 422, None),
    ],
)
def test_official_client_reads_every_failure(
    scenario: str, status: int, kind: str | None, fal: Real, client: official.SyncClient
) -> None:
    fal.expect(scenario)
    handle = client.submit(FLUX, {"prompt": "a lighthouse"})
    while not isinstance(state := handle.status(), official.Completed):
        time.sleep(0)
    assert (state.error, state.error_type) == (
        f"Invalid status code: {status}",
        kind or "bad_request",
    )
    with pytest.raises(official.FalClientHTTPError) as failed:
        handle.get()
    assert (failed.value.status_code, failed.value.error_type) == (status, kind)


@pytest.mark.parametrize(
    ("scenario", "status"), [("bad_key", 401), ("no_credits", 403), ("http_422", 422)]
)
def test_official_client_reads_every_refusal(
    scenario: str, status: int, fal: Real, client: official.SyncClient
) -> None:
    fal.expect(scenario)
    with pytest.raises(official.FalClientHTTPError) as refused:
        client.submit(FLUX, {"prompt": "a lighthouse"})
    assert refused.value.status_code == status
    assert isinstance(refused.value.message, str)


def test_official_client_cancels(fal: Real, client: official.SyncClient) -> None:
    handle = client.submit(FLUX, {"prompt": "a lighthouse"})
    handle.cancel()
    assert isinstance(handle.status(), official.Completed)
    with pytest.raises(official.FalClientHTTPError) as cancelled:
        handle.get()
    assert cancelled.value.error_type == "client_cancelled"


def test_official_client_takes_the_same_data_uris(fal: Real) -> None:
    adapter = fal_adapter.FalAdapter(fal.config)
    content = media.picture(32, 32)
    assert adapter._put(content, "image/png") == official.encode(content, "image/png")


@pytest.mark.moderate
def test_official_client_puts_a_file_the_same_way(
    fal: Real, client: official.SyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official.client, "REST_URL", fal.fake.url)
    monkeypatch.setattr(official.client, "CDN_URL", fal.fake.url)
    theirs = official.SyncClient(key=Fal.key)
    lifecycle = official.client.StorageSettings(expires_in=2 * 24 * 3600)
    cdn = theirs._get_cdn_client()
    monkeypatch.setattr(official.SyncClient, "_get_cdn_client", lambda _self: cdn)
    with theirs._client, cdn:
        theirs.upload(LARGE, "image/png", "source.png", lifecycle=lifecycle)
    put_picture("large.png", LARGE)
    assert fal.finish(FROM_LARGE).state == "settled"
    first, second, third, fourth = uploads(fal)
    names = ("authorization", "content-type", "x-fal-file-name", "x-fal-object-lifecycle")
    names += ("x-fal-object-lifecycle-preference",)
    for one, other in ((first, third), (second, fourth)):
        assert (one.method, one.path, one.query, one.body) == (
            other.method,
            other.path,
            other.query,
            other.body,
        )
        assert {name: one.headers.get(name) for name in names} == {
            name: other.headers.get(name) for name in names
        }


def test_progress_until_it_is_ready(fal: Real) -> None:
    states = []
    for _ in range(5):
        answer = fal.go(IMAGE)
        states.append(answer.call.state)
        if isinstance(answer, Ready):
            break
    assert states[-1] == "settled"
    assert ProviderCall.objects.count() == 1
