"""What a provider would refuse is known before anything is paid, by the code that refuses it when
it is sent.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from providers.errors import Refused
from providers.keys import put_key
from providers.models import AIProviderConfig, ProviderModel
from providers.preflight import UsedFields, why_not
from providers.requests import ClipRequest, ImageRequest, Request, TextRequest
from tests.fakes.runway import Runway
from tests.fakes.stability import Stability
from tests.providers.real import CLIP, IMAGE, KEYS, PLAN, Real, configure, put_picture


@pytest.fixture
def keys_set(db: None, settings: Any) -> None:
    settings.PROVIDER_KEYS = dict(KEYS)


def reason(provider: str, request: Request) -> str:
    return str(why_not(AIProviderConfig.objects.get(provider=provider), request) or "")


@pytest.mark.parametrize(
    ("provider", "request_"),
    [
        ("local", IMAGE),
        ("local", ClipRequest(prompt="x", duration_ms=60_000)),
        ("stability_ai", IMAGE),
        ("runway_ml", IMAGE),
        ("runway_ml", CLIP),
        ("runway_ml", ClipRequest(prompt="x", duration_ms=10_000, model="gen4.5")),
        (
            "runway_ml",
            ClipRequest(prompt="x", duration_ms=8_000, model="veo3.1", image_file="a.png"),
        ),
    ],
)
def test_nothing_against_it(provider: str, request_: Request, keys_set: None) -> None:
    assert reason(provider, request_) == ""


@pytest.mark.parametrize(
    ("provider", "request_", "why"),
    [
        ("stability_ai", CLIP, "Stability AI does not make this kind of thing."),
        (
            "stability_ai",
            ImageRequest(prompt="등대"),
            "Stability AI understands English only: give the scene a prompt in English.",
        ),
        ("runway_ml", PLAN, "Runway ML does not make this kind of thing."),
        (
            "runway_ml",
            ClipRequest(prompt="x"),
            "Runway's model gen4_turbo needs a picture to begin with.",
        ),
        ("runway_ml", ImageRequest(prompt=" "), "The prompt is empty."),
        (
            "runway_ml",
            ClipRequest(
                prompt="x", aspect_ratio="1:1", model="veo3.1", image_file="a.png", duration_ms=4000
            ),
            "Runway's model veo3.1 does not make the format 1:1.",
        ),
        (
            "runway_ml",
            ClipRequest(prompt="x", duration_ms=14_000, image_file="a.png"),
            (
                "The scene is 14 s long and Runway's model gen4_turbo makes clips of at most "
                "10 s. Split the scene or choose another model."
            ),
        ),
        (
            "runway_ml",
            ClipRequest(prompt="x", duration_ms=8_500, model="veo3.1_fast", image_file="a.png"),
            (
                "The scene is 8.5 s long and Runway's model veo3.1_fast makes clips of at most "
                "8 s. Split the scene or choose another model."
            ),
        ),
        (
            "replicate",
            ClipRequest(prompt="x", duration_ms=11_000),
            (
                "The scene is 11 s long and Replicate's model bytedance/seedance-1-pro makes "
                "clips of at most 10 s. Split the scene or choose another model."
            ),
        ),
        ("replicate", IMAGE, "Replicate has no price for this; enter one before it is used."),
        ("llm", PLAN, "Choose a model for the language model's provider first."),
    ],
)
def test_why_not(provider: str, request_: Request, why: str, keys_set: None) -> None:
    assert reason(provider, request_) == why


def test_without_a_key(keys_set: None, settings: Any) -> None:
    settings.PROVIDER_KEYS = {}
    assert reason("runway_ml", IMAGE) == "Runway ML has no key."


def test_address_to_which_no_key_may_go(keys_set: None) -> None:
    config = AIProviderConfig.objects.get(provider="runway_ml")
    config.base_url = "http://api.dev.runwayml.com"
    put_key(config, "key-of-this-address")
    config.save()
    assert reason("runway_ml", IMAGE) == "The address of Runway must begin with https://."


def test_row_that_is_known_is_not_looked_for(
    keys_set: None, django_assert_num_queries: Any
) -> None:
    config, row = (
        AIProviderConfig.objects.get(provider="runway_ml"),
        ProviderModel.objects.get(name="gen4_turbo"),
    )
    with django_assert_num_queries(0):
        assert why_not(config, CLIP, row=row) is None


@pytest.fixture
def runway(db: None, settings: Any) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"runway_ml": Runway.key}
    with Runway() as fake:
        configure("runway_ml", fake)
        put_picture()
        yield Real("runway_ml", fake)


def test_same_words_when_it_is_sent_all_the_same(runway: Real) -> None:
    request = ClipRequest(prompt="x", duration_ms=14_000, image_file="scene.png")
    with pytest.raises(Refused) as refused:
        runway.go(request)
    assert (str(refused.value), runway.fake.orders, runway.fake.charged) == (
        reason("runway_ml", request),
        [],
        Decimal(0),
    )


@pytest.mark.parametrize(
    ("provider", "kind", "model", "unused"),
    [
        ("local", "image", "", {"reference_image"}),
        ("stability_ai", "image", "core", {"reference_image"}),
        ("runway_ml", "image", "gen4_image", {"negative", "reference_image"}),
        ("runway_ml", "clip", "gen4_turbo", {"negative", "reference_image"}),
        ("runway_ml", "clip", "veo3.1", {"reference_image"}),
        ("replicate", "image", "black-forest-labs/flux-schnell", {"negative", "reference_image"}),
        ("nobody", "image", "x", set()),
    ],
)
def test_fields_that_reach_nobody(
    provider: str, kind: str, model: str, unused: set[str], db: None
) -> None:
    assert {"prompt", "negative", "style", "reference_image"} - UsedFields().of(
        provider, kind, model
    ) == unused


def test_model_at_replicate_that_knows_what_to_avoid(db: None) -> None:
    ProviderModel.objects.filter(name="black-forest-labs/flux-schnell").update(
        options={"input": {"negative": "negative_prompt"}}
    )
    assert "negative" in UsedFields().of("replicate", "image", "black-forest-labs/flux-schnell")


def test_model_of_the_older_interface_without_the_format(keys_set: None, settings: Any) -> None:
    settings.LOOPBACK_PROVIDERS = True
    ProviderModel.objects.filter(provider="stability_ai", endpoint__startswith="v1/").update(
        ratios={}
    )
    with Stability() as fake:
        configure("stability_ai", fake)
        with pytest.raises(Refused, match="does not make the format 16:9"):
            Real("stability_ai", fake).go(IMAGE)
        assert fake.orders == []


def test_text_is_not_asked_of_a_painter(keys_set: None) -> None:
    assert (
        reason("stability_ai", TextRequest(task="to_english", script="x"))
        == "Stability AI does not make this kind of thing."
    )
