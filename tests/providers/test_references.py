"""The cast in a request: its words in the prompt, and its sheets as each provider takes them."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from providers import cast_references, prompt_text
from providers.adapters import ModelSpec
from providers.errors import Refused
from providers.models import AIProviderConfig
from providers.preflight import UsedFields, require_possible
from providers.requests import CastReference, ClipRequest, ImageRequest
from tests.fakes import media
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import multipart
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock
from tests.providers.real import CLIP, IMAGE, Real, configure, put_picture

THREE = {"character": 3, "place": 3, "prop": 3, "style": 3, "total": 3}
PICTURES = {f"sheet{n}.png": media.picture(64, 64, n) for n in range(4)}


def member(
    n: int = 0, role: Any = "character", *, sheet: bool = True, **values: Any
) -> CastReference:
    file = f"sheet{n}.png"
    about = {"description": "노란 외투", "description_en": "a girl in a yellow coat"} | values
    digest = hashlib.sha256(PICTURES[file]).hexdigest()
    shown = {"file": file, "sha256": digest} if sheet else {}
    return CastReference(role, ["하루", "Jonas", "Harbour", "Key"][n], **about, **shown)


def with_cast(*cast: CastReference, **values: Any) -> ImageRequest:
    return msgspec.structs.replace(IMAGE, cast=list(cast), **values)


@pytest.fixture
def real(db: None, settings: Any, clock: Clock) -> Iterator[Callable[[str], Any]]:
    """`with real("runway_ml") as provider`: the provider before its fake, with sheets stored."""
    settings.LOOPBACK_PROVIDERS = True

    @contextmanager
    def use(provider: str) -> Iterator[Real]:
        kind = {"runway_ml": Runway, "replicate": Replicate, "stability_ai": Stability}[provider]
        settings.PROVIDER_KEYS = {provider: kind.key}
        with kind() as fake:
            configure(provider, fake)
            for name, content in PICTURES.items():
                put_picture(name, content)
            yield Real(provider, fake, clock)

    return use


def paid_posts(provider: Real) -> list[Any]:
    return [asked for asked in provider.fake.asked if provider.fake.is_paid(asked)]


def posted(provider: Real) -> Any:
    (asked,) = paid_posts(provider)
    return asked


def content_of(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


# The words


def test_the_prompt_names_members_by_their_description() -> None:
    request = with_cast(member(0, sheet=False), member(1, sheet=False, description_en=""))
    assert prompt_text.any_language(request) == (
        "하루: a girl in a yellow coat. Jonas: 노란 외투. "
        "a lighthouse at the sea by night. watercolour"
    )
    korean = msgspec.structs.replace(request, prompt_en="")
    assert prompt_text.any_language(korean).startswith(
        "하루: 노란 외투. Jonas: 노란 외투. 밤바다의"
    )


def test_a_provider_of_english_gets_no_korean_name_and_no_korean_description() -> None:
    request = with_cast(member(0, sheet=False))
    assert prompt_text.english(request, provider="X") == (
        "the character: a girl in a yellow coat. a lighthouse at the sea by night. watercolour"
    )
    with pytest.raises(Refused) as refused:
        prompt_text.english(with_cast(member(0, sheet=False, description_en="")), provider="X")
    assert "하루" in str(refused.value)


# Limits


@pytest.mark.parametrize(
    ("declared", "roles", "left"),
    [
        ({}, ["character"], ["하루"]),
        (THREE, ["character", "character", "place"], []),
        (THREE, ["character", "character", "place", "prop"], ["Key"]),
        ({"character": 1}, ["character", "character"], ["Jonas"]),
        ({"character": 2, "total": 1}, ["character", "character"], ["Jonas"]),
        ({"style": 1}, ["character", "style"], ["하루"]),
        ({"character": "3", "place": True, "total": 9}, ["character", "place"], ["하루", "Jonas"]),
    ],
)
def test_what_a_model_would_leave_out(declared: Any, roles: list[Any], left: list[str]) -> None:
    request = with_cast(*(member(n, role) for n, role in enumerate(roles)))
    found = cast_references.left_out(request, ModelSpec("m", references=declared))
    assert [one.name for one in found] == left


# Providers


def test_runway_gets_each_sheet_with_its_tag(real: Any) -> None:
    with real("runway_ml") as runway:
        call = runway.finish(with_cast(member(0), member(1), member(2, "place")))
        assert call.state == "settled"
        body = posted(runway).json
    given = body["referenceImages"]
    assert [one["tag"] for one in given] == ["character1", "character2", "place1"]
    assert [content_of(one["uri"]) for one in given] == list(PICTURES.values())[:3]
    assert body["promptText"].startswith(
        "하루 (@character1): a girl in a yellow coat. Jonas (@char"
    )


def test_runway_gets_no_fourth_sheet(real: Any) -> None:
    request = with_cast(member(0), member(1), member(2, "place"), member(3, "prop"))
    with real("runway_ml") as runway:
        with pytest.raises(Refused) as refused:
            require_possible(AIProviderConfig.objects.get(provider="runway_ml"), request)
        assert "Key" in str(refused.value)
        assert "Jonas" not in str(refused.value)
        with pytest.raises(Refused):
            runway.go(request, "k")
        assert not paid_posts(runway)
    # Without its sheet the fourth goes by its description.
    with real("runway_ml") as runway:
        runway.finish(with_cast(*request.cast[:3], member(3, "prop", sheet=False)), "k2")
        assert len(posted(runway).json["referenceImages"]) == 3


def test_replicate_gets_sheets_in_the_input_that_the_row_names(real: Any) -> None:
    with real("replicate") as replicate:
        replicate.finish(with_cast(member(0), member(1), model="bytedance/seedream-4"))
        given = posted(replicate).json["input"]
        assert [content_of(uri) for uri in given["image_input"]] == list(PICTURES.values())[:2]
    with real("replicate") as replicate:
        replicate.finish(with_cast(member(1), model="black-forest-labs/flux-kontext-pro"), "k2")
        given = posted(replicate).json["input"]
        assert content_of(given["input_image"]) == PICTURES["sheet1.png"]


def test_replicate_gets_sheets_with_a_clip_that_takes_them(real: Any) -> None:
    cast = [member(0), member(1), member(2, "place")]
    request = ClipRequest(
        "sea", model="google/veo-3.1", duration_ms=8000, image_file="sheet3.png", cast=cast
    )
    with real("replicate") as replicate:
        call = replicate.finish(request)
        assert (call.state, call.cost) == ("settled", replicate.fake.charged), call.refusal
        assert call.cost == Decimal("1.60")  # eight seconds without sound
        given = posted(replicate).json["input"]
        assert [content_of(uri) for uri in given["reference_images"]] == list(PICTURES.values())[:3]
        assert (given["generate_audio"], given["duration"]) == (False, 8)
        assert given.keys() == {
            *("prompt", "aspect_ratio", "duration", "image"),
            *("generate_audio", "reference_images"),
        }
        fourth = msgspec.structs.replace(request, cast=[*cast, member(3, "prop")])
        with pytest.raises(Refused, match="Key would be left out"):
            replicate.go(fourth, "k2")
        assert replicate.fake.paid == 1


def test_a_model_without_references_refuses_by_name(real: Any) -> None:
    for provider in ("replicate", "stability_ai"):
        with real(provider) as one:
            with pytest.raises(Refused) as refused:
                one.go(with_cast(member(0)), "k")
            assert "하루" in str(refused.value)
            assert not paid_posts(one)
            assert one.finish(with_cast(member(0, sheet=False)), "k2").state == "settled"


def test_stability_ultra_begins_with_the_sheet(real: Any) -> None:
    with real("stability_ai") as stability:
        stability.finish(with_cast(member(0), model="ultra"))
        sent = multipart(posted(stability))
    assert sent["image"] == PICTURES["sheet0.png"]
    assert (sent["strength"], sent["prompt"]) == (
        b"0.85",
        b"the character: a girl in a yellow coat. a lighthouse at the sea by night. watercolour",
    )


@pytest.mark.parametrize(
    ("provider", "model", "takes"),
    [
        ("runway_ml", "gen4_image", True),
        ("replicate", "bytedance/seedream-4", True),
        ("replicate", "black-forest-labs/flux-schnell", False),
        ("stability_ai", "ultra", True),
        ("stability_ai", "core", False),
        ("local", "illustrator", True),
    ],
)
def test_which_models_a_sheet_reaches(db: None, provider: str, model: str, takes: Any) -> None:
    assert ("references" in UsedFields().of(provider, "image", model)) is takes


# Control per scene


@pytest.mark.parametrize(("strength", "sent"), [(None, b"0.85"), (0, b"1"), (70, b"0.3")])
def test_stability_follows_the_sheet_as_closely_as_the_scene_says(
    real: Any, strength: int | None, sent: bytes
) -> None:
    with real("stability_ai") as stability:
        stability.finish(with_cast(member(0), model="ultra", strength=strength))
        assert multipart(posted(stability))["strength"] == sent


@pytest.mark.moderate
def test_replicate_gets_the_strength_in_the_input_that_the_row_names(real: Any) -> None:
    request = with_cast(model="black-forest-labs/flux-schnell", strength=40)
    with real("replicate") as replicate:
        replicate.finish(request)
        assert 0.4 not in posted(replicate).json["input"].values()
    with real("replicate") as replicate:
        row = replicate.config.models.get(name=request.model)
        row.options = {**row.options, "input": {"strength": "image_prompt_strength"}}
        row.save()
        replicate.finish(request, "k2")
        assert posted(replicate).json["input"]["image_prompt_strength"] == 0.4
    assert "strength" in UsedFields().of("replicate", "image", request.model)


def test_runway_gets_first_and_last_frame_with_their_positions(real: Any) -> None:
    request = msgspec.structs.replace(
        CLIP, image_file="sheet0.png", end_image_file="sheet1.png", model="veo3.1"
    )
    with real("runway_ml") as runway:
        assert runway.finish(request).state == "settled"
        frames = posted(runway).json["promptImage"]
    assert [one["position"] for one in frames] == ["first", "last"]
    assert [content_of(one["uri"]) for one in frames] == list(PICTURES.values())[:2]


def test_runway_makes_a_clip_from_sheets(real: Any) -> None:
    request = msgspec.structs.replace(
        CLIP,
        image_file="sheet3.png",
        duration_ms=5000,
        cast=[member(0), member(1, "place")],
        model="seedance2-references",
    )
    with real("runway_ml") as runway:
        call = runway.finish(request)
        assert (call.state, call.cost) == ("settled", Decimal("1.80"))
        assert posted(runway).path == "/v1/text_to_video"
        body = posted(runway).json
        uris = [one["uri"] for one in body.pop("references")]
        assert [content_of(uri) for uri in uris] == list(PICTURES.values())[:2]
        assert body == {
            "model": "seedance2",
            "ratio": "1280:720",
            "seed": 7,
            "promptText": "하루: a girl in a yellow coat. Jonas: a girl in a yellow coat. "
            "a lighthouse at the sea by night. Camera: slow dolly in.",
            "audio": False,
            "duration": 5,
        }
        used = UsedFields().of("runway_ml", "clip", "seedance2-references")
        assert "references" in used
        assert not {"image_file", "end_image_file"} & used  # they are not sent
        with pytest.raises(Refused, match="needs at least one reference sheet"):
            runway.go(msgspec.structs.replace(request, cast=[]), "k2")


def test_a_model_that_takes_no_last_frame_gets_none(real: Any) -> None:
    with real("runway_ml") as runway:
        with pytest.raises(Refused) as refused:
            runway.go(msgspec.structs.replace(CLIP, end_image_file="sheet1.png"), "k")
        assert "gen4_turbo" in str(refused.value)
        assert not paid_posts(runway)


def test_replicate_gets_the_last_frame_in_the_input_that_the_row_names(real: Any) -> None:
    request = msgspec.structs.replace(
        CLIP, duration_ms=5000, image_file="sheet0.png", end_image_file="sheet1.png"
    )
    with real("replicate") as replicate:
        row = replicate.config.models.get(name="bytedance/seedance-1-pro")
        request = msgspec.structs.replace(request, model=row.name)
        with pytest.raises(Refused):
            replicate.go(request, "k")
        assert not paid_posts(replicate)
        row.options = {**row.options, "input": {"end_image": "last_frame_image"}}
        row.save()
        replicate.finish(request, "k2")
        given = posted(replicate).json["input"]
    assert [content_of(given[name]) for name in ("image", "last_frame_image")] == list(
        PICTURES.values()
    )[:2]
