"""Edits of a take as each provider gets them: the take, the words, the mask, and nothing else."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
from django.contrib.auth.models import User
from PIL import Image

from providers import edits
from providers.adapters import ModelSpec
from providers.errors import Refused
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.preflight import require_possible
from providers.prices import config_of, quote
from providers.registry import ADAPTERS, adapter_for
from providers.requests import ClipRequest, Edit, ImageRequest, MaskShape
from tests.fakes import media
from tests.fakes.openai_images import OpenAIImages
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import multipart
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock
from tests.providers.connected import connect_openai_images
from tests.providers.real import Real, configure, put_picture, specs, stored

SIZE = (320, 180)
PICTURE = media.picture(*SIZE)
CLIP = media.clip(5, "320x180")
RIGHT_HALF = [MaskShape([(500, 0), (1000, 1000)])]


def picture(task: Any = "change", *, mask: Any = (), **values: Any) -> ImageRequest:
    edit = Edit(task, "scene.png", "0" * 64, *SIZE, mask=list(mask), about="밤바다의 등대", seed=7)
    words = {"prompt": "하늘을 붉게", "prompt_en": "make the sky red", "seed": 9} | values
    return ImageRequest(**words, edit=edit)


def clip(task: Any, *, ms: int = 5000, **values: Any) -> ClipRequest:
    edit = Edit(task, "clip.mp4", "0" * 64, *SIZE, duration_ms=5000)
    words = {"prompt": "파도가 친다", "prompt_en": "the waves go on"} | values
    return ClipRequest(**words, duration_ms=ms, edit=edit)


@pytest.fixture
def real(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[Callable[..., Any]]:
    """`with real("runway_ml") as provider`: the provider before its fake, all models priced."""
    settings.LOOPBACK_PROVIDERS = True

    @contextmanager
    def use(provider: str) -> Iterator[Real]:
        kind = {
            "runway_ml": Runway,
            "replicate": Replicate,
            "stability_ai": Stability,
            "openai_images": OpenAIImages,
        }[provider]
        settings.PROVIDER_KEYS = {provider: kind.key}
        with kind() as fake:
            if provider == "openai_images":
                does = {"capabilities": {"tasks": ["make", "change", "mask"]}}
                connect_openai_images(fake, admin_user, provider, **does)
            else:
                configure(provider, fake)
            rows = ProviderModel.objects.filter(provider=provider)
            rows.filter(price=None).update(price=Decimal("0.50"), is_active=True)
            put_picture("scene.png", PICTURE)
            put_picture("clip.mp4", CLIP)
            yield Real(provider, fake, clock)

    return use


def paid(provider: Real) -> list[Any]:
    return [asked for asked in provider.fake.asked if provider.fake.is_paid(asked)]


def drafted(provider: Real, **values: Any) -> ProviderCall:
    """A draft that Runway has made, at the fake's price."""
    rows = ProviderModel.objects
    rows.filter(name="seedance2_5-draft").update(price=Decimal("0.06"))
    rows.filter(name="seedance2_5-final").update(price=Decimal("0.45"))
    request = ClipRequest("waves", duration_ms=5000, model="seedance2_5-draft", **values)
    return provider.finish(request, "draft")


def final(draft: ProviderCall) -> ClipRequest:
    assert draft.sending_at
    edit = Edit(
        "finish",
        "clip.mp4",
        "0" * 64,
        *SIZE,
        duration_ms=5000,
        draft=draft.task_id,
        drafted_at=draft.sending_at.isoformat(),
    )
    return ClipRequest("", duration_ms=5000, model="seedance2_5-final", edit=edit)


def posted(provider: Real) -> Any:
    (asked,) = paid(provider)
    return asked


def content_of(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# The mask


def test_mask_has_the_size_of_the_picture_and_is_white_where_it_changes() -> None:
    mask = edits.mask_over(PICTURE, RIGHT_HALF)
    assert (mask.size, mask.mode, mask.getbbox()) == (SIZE, "L", (160, 0, 320, 180))
    assert {mask.getpixel((159, 90)), mask.getpixel((160, 90))} == {0, 255}
    counts = mask.histogram()
    assert counts[0] + counts[255] == SIZE[0] * SIZE[1]


def test_corners_of_a_rectangle_may_come_in_any_order() -> None:
    turned = [MaskShape([(1000, 1000), (500, 0)])]
    assert edits.drawn(turned, SIZE).tobytes() == edits.drawn(RIGHT_HALF, SIZE).tobytes()


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ([(0, 0), (1, 1)], (0, 0, 1, 1)),
        ([(500, 500), (500, 500)], (256, 128, 257, 129)),
        ([(1000, 1000), (1000, 1000)], (511, 255, 512, 256)),
        ([(1000, 1000), (999, 999)], (511, 255, 512, 256)),
        ([(0, 0), (1000, 1000)], (0, 0, 512, 256)),
    ],
)
def test_smallest_rectangle_has_a_pixel_and_the_largest_all(
    points: list[tuple[int, int]], found: tuple[int, int, int, int]
) -> None:
    assert edits.drawn([MaskShape(points)], (512, 256)).getbbox() == found


def test_brush_draws_a_line_of_its_width_and_a_dot_at_a_single_point() -> None:
    line = edits.drawn([MaskShape([(250, 500), (750, 500)], brush=100)], (400, 200))
    assert line.getpixel((200, 100)) == line.getpixel((200, 115)) == 255
    assert line.getpixel((200, 130)) == 0
    left, top, right, bottom = edits.drawn(
        [MaskShape([(500, 500)], brush=100)], (400, 200)
    ).getbbox()
    assert abs((right - left) - 40) <= 1
    assert abs((bottom - top) - 40) <= 1


def test_clear_mask_is_transparent_exactly_where_the_white_one_is_white() -> None:
    mask = edits.drawn(RIGHT_HALF, SIZE)
    clear = opened(edits.as_clear_png(mask))
    assert (clear.mode, clear.size) == ("RGBA", SIZE)
    assert clear.getchannel("A").point(lambda value: 255 - value).tobytes() == mask.tobytes()


# What a row declares


@pytest.mark.parametrize(
    ("tasks", "request_", "words"),
    [
        (None, picture(), "does not change a picture"),
        (None, picture("upscale"), "does not upscale"),
        (["change"], ImageRequest("a boat"), "only edits takes"),
        (["change"], picture(mask=RIGHT_HALF), "takes no mask"),
        (["mask"], picture(), "draw a mask"),
        (["upscale"], clip("extend"), "does not extend"),
        (["extend"], clip("finish"), "does not finish drafts"),
        (["make", "change", "mask", "upscale", "extend"], picture(), ""),
        (["finish"], clip("finish"), ""),
        (["mask"], picture(mask=RIGHT_HALF), ""),
        (["extend"], clip("extend"), ""),
        (["upscale"], clip("upscale"), ""),
    ],
)
def test_task_that_no_row_declares_is_refused_in_words(
    tasks: Any, request_: Any, words: str
) -> None:
    every = frozenset({"make", "change", "mask", "upscale", "extend", "finish"})
    model = ModelSpec("m", capabilities={} if tasks is None else {"tasks": tasks})
    if not words:
        edits.require(request_, model, provider="X", can=every)
        return
    with pytest.raises(Refused) as refused:
        edits.require(request_, model, provider="X", can=every)
    assert words in str(refused.value)
    assert "X's model m" in str(refused.value)


def test_take_that_is_too_large_or_too_long_is_refused_with_both_numbers() -> None:
    small = ModelSpec("m", capabilities={"tasks": ["upscale"], "most_pixels": 50_000})
    with pytest.raises(Refused, match=r"0\.06 million.*at most 0\.05"):
        edits.require(picture("upscale"), small, provider="X", can={"upscale"})
    short = ModelSpec("m", capabilities={"tasks": ["upscale"], "most_seconds": 4})
    with pytest.raises(Refused, match=r"5 s long.*at most 4 s"):
        edits.require(clip("upscale"), short, provider="X", can={"upscale"})


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_no_kind_of_connection_makes_something_new_when_it_is_asked_for_an_edit(
    db: None, kind: str
) -> None:
    adapter = adapter_for(AIProviderConfig(provider=kind, kind=kind, name=kind))
    options = {"workflow": {"1": {}}, "map": {}}
    asked = (picture("upscale"), clip("extend"), clip("finish"), picture(mask=RIGHT_HALF))
    for request in asked:
        for tasks in (["make"], []):
            model = ModelSpec(
                "m", ratios={"16:9": "1280:720"}, options=options, capabilities={"tasks": tasks}
            )
            with pytest.raises(Refused):
                adapter.check_request(request, model)


# Requests


def in_spec(path: str, body: Any) -> None:
    """Judged by Runway's own specification, where it is at hand."""
    file = specs("runway-openapi-2026-08-08.json")
    if file is None:
        return
    content = json.loads(file.read_text())["paths"][path]["post"]["requestBody"]["content"]
    branches = content["application/json"]["schema"]["oneOf"]
    (schema,) = [
        one for one in branches if one["properties"]["model"].get("const") == body["model"]
    ]
    jsonschema.validate(body, schema)


def in_sdk(path: str, body: Any) -> None:
    """Judged by the types of Runway's client, where they are at hand. They know drafts."""
    file = specs("runway-sdk-5.24.0-requests.json")
    if file is None:
        return
    schema = json.loads(file.read_text())["endpoints"][f"POST {path}"][body["model"]]
    jsonschema.validate(body, schema | {"additionalProperties": False})


def test_runway_changes_a_picture_with_the_picture_as_reference(real: Any) -> None:
    with real("runway_ml") as runway:
        call = runway.finish(picture(model="gen4_image"))
        assert (call.state, call.cost) == ("settled", Decimal("0.05"))
        asked = posted(runway)
    assert asked.path == "/v1/text_to_image"
    (source,) = asked.json["referenceImages"]
    assert (source["tag"], content_of(source["uri"])) == ("source", PICTURE)
    assert asked.json["promptText"] == "@source: make the sky red"
    in_spec(asked.path, asked.json)


def test_runway_upscales_a_picture_and_sends_nothing_but_the_picture(real: Any) -> None:
    with real("runway_ml") as runway:
        call = runway.finish(picture("upscale", model="magnific_precision_upscaler_v2"))
        assert call.state == "settled"
        asked = posted(runway)
        assert opened(stored(call)).size == (640, 360)
    assert asked.path == "/v1/image_upscale"
    assert asked.json.keys() == {"model", "imageUri", "scaleFactor"}
    assert content_of(asked.json["imageUri"]) == PICTURE
    in_spec(asked.path, asked.json)


def test_runway_upscales_a_clip_for_its_length(real: Any) -> None:
    request = clip("upscale", model="magnific_video_upscaler_creative")
    with real("runway_ml") as runway:
        assert quote(config_of("runway_ml"), request).total == Decimal("1.35")
        call = runway.finish(request)
        assert call.state == "settled"
        assert call.result["duration_ms"] == 5000
        asked = posted(runway)
    assert asked.path == "/v1/video_upscale"
    assert asked.json.keys() == {"model", "videoUri", "resolution"}
    assert content_of(asked.json["videoUri"]) == CLIP
    in_spec(asked.path, asked.json)


def test_upscaled_clip_of_no_whole_seconds_is_not_taken_for_too_short(real: Any) -> None:
    edit = Edit("upscale", "clip.mp4", "0" * 64, *SIZE, duration_ms=4600)
    request = ClipRequest(
        "waves", duration_ms=4600, model="magnific_video_upscaler_creative", edit=edit
    )
    with real("runway_ml") as runway:
        assert quote(config_of("runway_ml"), request).units == 5
        assert runway.finish(request).state == "settled"


@pytest.mark.moderate
def test_runway_extends_a_clip_by_the_seconds_that_are_priced(real: Any) -> None:
    request = clip("extend", ms=4000, model="seedance2_5")
    with real("runway_ml") as runway:
        assert quote(config_of("runway_ml"), request).total == Decimal("2.00")
        assert runway.finish(request).state == "settled"
        asked = posted(runway)
    assert asked.path == "/v1/video_to_video"
    body = asked.json
    assert content_of(body.pop("promptVideo")) == CLIP
    assert body == {
        "model": "seedance2_5",
        "promptText": "the waves go on",
        "mode": "extend",
        "duration": 4,
        "audio": False,
    }
    in_spec(asked.path, asked.json | {"promptVideo": "data:video/mp4;base64,AAAA"})


@pytest.mark.parametrize("image", ["", "scene.png"])
def test_runway_makes_a_draft_for_the_price_of_a_draft(real: Any, image: str) -> None:
    with real("runway_ml") as runway:
        call = drafted(runway, image_file=image)
        assert (call.state, call.estimate, call.cost) == (
            "settled",
            Decimal("0.30"),
            Decimal("0.30"),
        )
        asked = posted(runway)
    assert asked.path == ("/v1/image_to_video" if image else "/v1/text_to_video")
    in_sdk(asked.path, asked.json)
    body = asked.json
    assert bool(body.pop("promptImage", "")) is bool(image)
    assert body == {
        "model": "seedance2_5",
        "ratio": "854:480",
        "seed": 0,
        "promptText": "waves. Camera: slow dolly in.",
        "audio": False,
        "draft": True,
        "duration": 5,
    }


@pytest.mark.moderate
def test_runway_finishes_a_draft_and_sends_nothing_but_its_task(real: Any) -> None:
    with real("runway_ml") as runway:
        draft = drafted(runway)
        request = final(draft)
        assert quote(config_of("runway_ml"), request).total == Decimal("2.25")
        call = runway.finish(request, "final")
        assert (call.state, call.cost, call.model) == (
            "settled",
            Decimal("2.25"),
            "seedance2_5-final",
        )
        assert call.result["duration_ms"] == 5000
        assert runway.finish(request, "final") == call  # once, however often it is asked for
        _draft, asked = paid(runway)
        assert runway.fake.charged == draft.cost + call.cost == Decimal("2.55")
    assert asked.path == "/v1/text_to_video"
    assert asked.json == {"model": "seedance2_5", "draftTaskId": draft.task_id}
    in_sdk(asked.path, asked.json)


def test_draft_that_is_seven_days_old_is_refused_in_words_and_not_sent(real: Any) -> None:
    words = "The draft is more than 7 days old, and Runway finishes no older one. Make a new draft."
    with real("runway_ml") as runway:
        request = final(drafted(runway))
        runway.clock.forward(days=6, hours=23)
        require_possible(config_of("runway_ml"), request)
        runway.clock.forward(hours=1)
        with pytest.raises(Refused) as refused:
            require_possible(config_of("runway_ml"), request)
        assert str(refused.value) == words
        with pytest.raises(Refused, match="more than 7 days old"):
            runway.go(request, "final")
        assert len(paid(runway)) == 1


def test_clip_that_is_no_draft_is_not_sent_to_be_finished(real: Any) -> None:
    with real("runway_ml") as runway:
        with pytest.raises(Refused, match="The clip is not a draft of Runway"):
            runway.go(clip("finish", model="seedance2_5-final"))
        assert paid(runway) == []


def test_runway_refuses_a_draft_that_it_cannot_finish_and_charges_nothing(real: Any) -> None:
    with real("runway_ml") as runway:
        draft = drafted(runway)
        foreign = msgspec.structs.replace(final(draft).edit, draft="a task of another account")
        call = runway.finish(msgspec.structs.replace(final(draft), edit=foreign), "foreign")
        assert (call.state, call.refusal, call.cost or 0) == ("refused", "invalid", 0)
        assert "No such draft" in str(call.note)
        assert runway.fake.charged == draft.cost


@pytest.mark.moderate
def test_fake_finishes_only_a_draft_of_its_own_that_succeeded_and_takes_nothing_else(
    real: Any,
) -> None:
    headers = {"authorization": f"Bearer {Runway.key}", "x-runway-version": "2024-11-06"}

    def asks(**body: Any) -> list[tuple[str, str]]:
        answer = httpx.post(
            f"{runway.fake.url}/v1/text_to_video",
            json={"model": "seedance2_5"} | body,
            headers=headers,
        )
        issues = answer.json().get("issues", [])
        return [(*issue["path"], issue["message"]) for issue in issues]

    with real("runway_ml") as runway:
        drafted(runway)
        (task,) = runway.fake.tasks.values()
        assert asks(draftTaskId="t") == [("draftTaskId", "No such draft")]
        assert asks(draftTaskId=task.id, duration=5, promptText="x") == [
            ("duration", "Unrecognized key"),
            ("promptText", "Unrecognized key"),
        ]
        assert asks(draftTaskId=task.id, model="gen4.5") == [
            ("model", "Invalid input: expected seedance2_5")
        ]
        task.succeeded = False
        assert asks(draftTaskId=task.id) == [("draftTaskId", "The draft has not succeeded")]
        task.succeeded = True
        task.created -= 7 * 24 * 60 * 60
        assert asks(draftTaskId=task.id) == [("draftTaskId", "The draft has expired")]
        task.created += 60
        assert asks(draftTaskId=task.id) == []
        assert runway.fake.charged == Decimal("2.55")


def test_stability_changes_only_what_is_white_in_a_mask_of_the_same_size(real: Any) -> None:
    with real("stability_ai") as stability:
        call = stability.finish(picture(mask=RIGHT_HALF, model="inpaint"))
        assert (call.state, call.cost) == ("settled", Decimal("0.05"))
        asked = posted(stability)
    assert asked.path == "/v2beta/stable-image/edit/inpaint"
    sent = multipart(asked)
    assert sent.keys() == {"image", "mask", "prompt", "seed", "output_format"}
    assert (sent["image"], sent["prompt"], sent["seed"]) == (PICTURE, b"make the sky red", b"9")
    mask = opened(sent["mask"])
    assert (mask.size, mask.getpixel((10, 90)), mask.getpixel((300, 90))) == (SIZE, 0, 255)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("upscale-fast", {"image", "output_format"}),
        ("upscale-conservative", {"image", "output_format", "prompt", "seed"}),
    ],
)
def test_stability_upscales(real: Any, model: str, fields: set[str]) -> None:
    with real("stability_ai") as stability:
        call = stability.finish(picture("upscale", model=model))
        assert call.state == "settled"
        sent = multipart(posted(stability))
        assert call.cost == stability.fake.charged
    assert sent.keys() == fields
    assert sent["image"] == PICTURE


def test_stability_needs_the_change_in_english(real: Any) -> None:
    with real("stability_ai") as stability:
        with pytest.raises(Refused, match="say in English, too, what is to change"):
            stability.go(picture(mask=RIGHT_HALF, model="inpaint", prompt_en=""))
        assert not paid(stability)
        # The fast upscaler takes no words, so it needs none.
        done = stability.finish(picture("upscale", model="upscale-fast", prompt_en=""), "k2")
        assert done.state == "settled"


def test_replicate_gets_picture_and_words_in_the_inputs_that_the_row_names(real: Any) -> None:
    with real("replicate") as replicate:
        call = replicate.finish(picture(model="black-forest-labs/flux-kontext-pro"))
        assert call.state == "settled"
        given = posted(replicate).json["input"]
    assert content_of(given.pop("input_image")) == PICTURE
    assert given == {"prompt": "make the sky red", "seed": 9}


@pytest.mark.parametrize(
    ("request_", "name", "content"),
    [
        (picture("upscale", model="topazlabs/image-upscale"), "image", PICTURE),
        (clip("upscale", model="runwayml/upscale-v1"), "video", CLIP),
    ],
)
def test_replicate_upscales_with_the_take_alone(
    real: Any, request_: Any, name: str, content: bytes
) -> None:
    with real("replicate") as replicate:
        call = replicate.finish(request_)
        assert call.state == "settled", call.refusal
        given = posted(replicate).json["input"]
    assert given.keys() == {name}
    assert content_of(given[name]) == content


def test_replicate_gets_the_mask_where_the_row_names_an_input_for_it(real: Any) -> None:
    name = "black-forest-labs/flux-kontext-pro"
    with real("replicate") as replicate:
        row = ProviderModel.objects.get(name=name)
        row.capabilities["tasks"] = ["mask"]
        row.save()
        with pytest.raises(Refused, match="names no input for “mask”"):
            replicate.go(picture(mask=RIGHT_HALF, model=name))
        row.options["input"]["mask"] = "mask"
        row.save()
        replicate.finish(picture(mask=RIGHT_HALF, model=name), "k2")
        given = posted(replicate).json["input"]
    assert opened(content_of(given["mask"])).tobytes() == edits.drawn(RIGHT_HALF, SIZE).tobytes()


def test_openai_gets_picture_words_and_a_mask_that_is_clear_where_it_changes(real: Any) -> None:
    with real("openai_images") as openai:
        call = openai.finish(picture(mask=RIGHT_HALF))
        assert (call.state, call.cost) == ("settled", Decimal("0.04"))
        asked = posted(openai)
    assert asked.path == "/v1/images/edits"
    sent = multipart(asked)
    assert sent.keys() == {"model", "prompt", "n", "size", "quality", "image", "mask"}
    assert (sent["image"], sent["prompt"]) == (PICTURE, b"make the sky red")
    mask = opened(sent["mask"])
    assert (mask.size, mask.mode) == (SIZE, "RGBA")
    alpha = mask.getchannel("A")
    assert (alpha.getpixel((10, 90)), alpha.getpixel((300, 90))) == (255, 0)


def test_openai_changes_the_whole_picture_without_a_mask(real: Any) -> None:
    with real("openai_images") as openai:
        assert openai.finish(picture()).state == "settled"
        assert "mask" not in multipart(posted(openai))


def test_moderated_edit_costs_nothing_and_a_blurred_one_is_charged(real: Any) -> None:
    for scenario, cost in (("moderated", 0), ("filtered", Decimal("0.05"))):
        with real("stability_ai") as stability:
            words = f"a red sky [[{scenario}]]"
            request = picture(mask=RIGHT_HALF, model="inpaint", prompt_en=words)
            call = stability.finish(request, scenario)
            assert (call.state, call.refusal) == ("refused", "moderated")
            assert (call.cost or 0) == cost == stability.fake.charged


def test_model_that_only_edits_is_not_asked_for_a_new_picture(real: Any) -> None:
    with real("stability_ai") as stability:
        with pytest.raises(Refused, match="only edits takes that exist"):
            stability.go(ImageRequest("a boat", model="inpaint"))
        assert not paid(stability)


# The local provider


@pytest.mark.moderate
def test_local_provider_draws_the_picture_again_with_the_words_of_the_change(db: None) -> None:
    local = Real("local", None)  # type: ignore[arg-type]
    before = ImageRequest(prompt="a lighthouse at the sea by day", seed=7, width=320, height=180)
    first = local.go(before, "before")
    made = first.call.result
    edit = Edit(
        "change", made["file"], made["sha256"], 320, 180, about=before.prompt, seed=before.seed
    )
    after = msgspec.structs.replace(before, prompt="at night with a moon", edit=edit)
    whole = opened(stored(local.go(after, "after").call)).convert("RGB")
    old = opened(stored(first.call)).convert("RGB")
    assert whole.size == old.size
    assert whole.tobytes() != old.tobytes()
    masked = msgspec.structs.replace(after, edit=msgspec.structs.replace(edit, mask=RIGHT_HALF))
    part = opened(stored(local.go(masked, "part").call)).convert("RGB")
    left, right = (0, 0, 160, 180), (160, 0, 320, 180)
    assert part.crop(left).tobytes() == old.crop(left).tobytes()
    assert part.crop(right).tobytes() == whole.crop(right).tobytes()


def test_local_provider_does_not_upscale(db: None) -> None:
    with pytest.raises(Refused, match="does not upscale"):
        require_possible(config_of("local"), picture("upscale"))
