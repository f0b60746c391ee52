"""OpenAI's images, and servers of one's own that speak its interface, before their fake."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from providers import preflight
from providers.errors import Refused
from providers.models import AIProviderConfig, ProviderModel
from providers.registry import adapter_for
from providers.requests import ClipRequest, ImageRequest, SpeechRequest
from providers.services import configs, connections
from providers.services.raw_answers import recover
from providers.voices import voices_of
from tests.fakes.openai_images import OpenAIImages
from tests.fakes.openai_speech import OpenAISpeech
from tests.providers.conftest import Clock
from tests.providers.connected import connect_openai_images
from tests.providers.real import IMAGE, Real


@pytest.fixture
def openai(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    with OpenAIImages() as fake:
        connect_openai_images(fake, admin_user, "pictures")
        yield Real("pictures", fake, clock)


@pytest.fixture
def own(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    with OpenAIImages(own=True) as fake:
        connect_openai_images(
            fake,
            admin_user,
            "own",
            name="flux",
            price=Decimal(0),
            ratios={},
            options={"seed": True},
        )
        yield Real("own", fake, clock)


def test_picture(openai: Real) -> None:
    call = openai.finish(IMAGE)
    assert (call.state, call.cost, call.cost_is_estimated) == ("settled", Decimal("0.04"), True)
    assert openai.fake.orders[0].json == {
        "model": "gpt-image-1",
        "prompt": "a lighthouse at the sea by night. watercolour",
        "n": 1,
        "size": "1536x1024",
        "quality": "medium",
    }
    assert openai.fake.charged == call.cost


def test_server_of_ones_own_needs_no_key_and_costs_nothing(own: Real) -> None:
    call = own.finish(IMAGE)
    assert (call.state, call.cost) == ("settled", Decimal(0))
    assert own.fake.orders[0].json["size"] == "1280x720"
    assert own.fake.orders[0].json["seed"] == 7
    assert "authorization" not in own.fake.orders[0].headers


def test_link_is_fetched_from_the_server_and_from_nowhere_else(own: Real) -> None:
    own.fake.expect("link", times=1)
    assert own.finish(IMAGE, "a").state == "settled"
    own.fake.expect("elsewhere", times=1)
    assert own.finish(IMAGE, "b").state == "unclear"


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "paid"),
    [
        ("quota", "refused", "credits", 0),
        ("limit", "refused", "limit", 0),
        ("policy", "refused", "moderated", 0),
        ("http_401", "refused", "key", 0),
        ("http_404", "refused", "invalid", 0),
        ("redirect", "refused", "invalid", 0),
        ("http_500", "unclear", "", 0),
        ("drop_before", "unclear", "", 0),
        ("drop", "unclear", "", 1),
        ("slow", "unclear", "", 1),
        ("half", "unclear", "", 1),
        ("garbage", "unclear", "", 1),
        ("no_data", "unclear", "", 1),
        ("bad_file", "unclear", "", 1),
        ("done_http_500", "unclear", "", 1),
        ("bom", "settled", "", 1),
        ("more_fields", "settled", "", 1),
    ],
)
def test_outcome(scenario: str, state: str, refusal: str, paid: int, openai: Real) -> None:
    openai.expect(scenario)
    cost = {"settled": "price", "unclear": ""}.get(state, "0")
    openai.ends(IMAGE, state=state, refusal=refusal, cost=cost, paid=paid)


def test_message_names_the_connection_and_not_the_key(openai: Real) -> None:
    openai.fake.expect("echo", times=1)
    note = str(openai.finish(IMAGE).note)
    assert note.startswith("Pictures pictures does not accept the request")
    assert openai.fake.key not in note


def test_picture_in_a_kept_answer_is_recovered(openai: Real, admin_user: User) -> None:
    openai.fake.expect("half", times=1)
    call = openai.finish(IMAGE)
    assert call.state == "unclear"
    with pytest.raises(Exception, match="no picture that can be read"):
        recover(call, actor=admin_user, reason="half of it")


def test_openai_itself_needs_a_key(openai: Real, admin_user: User) -> None:
    rows = AIProviderConfig.objects.filter(provider="pictures")
    rows.update(base_url="https://api.openai.com/v1", api_key_enc="", key_origin="")
    assert str(preflight.why_not(openai.config, IMAGE)) == "Pictures pictures has no key."


def test_what_it_does_not_make_is_refused_before_it_is_sent(openai: Real) -> None:
    with pytest.raises(Exception, match="does not make this kind"):
        openai.go(ClipRequest(prompt="sea"))
    openai.config.models.update(ratios={"1:1": "1024x1024"})
    with pytest.raises(Refused, match="does not make the format 16:9"):
        openai.go(ImageRequest(prompt="sea"), "b")
    assert openai.fake.orders == []


def test_connection_test(openai: Real) -> None:
    assert adapter_for(openai.config).check().facts == {"models": "gpt-image-1"}


# --- speech at a server of one's own


def test_speech_at_a_server_of_ones_own(
    db: None, settings: Any, clock: Clock, admin_user: User
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    with OpenAISpeech() as fake:
        config = connections.add(
            AIProviderConfig(
                kind="openai_speech", provider="tts", name="Our voices", base_url=fake.base
            ),
            actor=admin_user,
        )
        configs.set_key(config, actor=admin_user, key=fake.key)
        AIProviderConfig.objects.filter(pk=config.pk).update(
            is_active=True, settings={"voices": ["nova", "sage"], "free": True}
        )
        ProviderModel.objects.filter(provider=config).update(price=0)
        studio = Real("tts", fake, clock)
        assert {voice.id for voice in voices_of(studio.config)} == {"nova", "sage"}
        call = studio.finish(SpeechRequest(text="바다가 보였다.", language="ko"))
        assert (call.state, call.cost) == ("settled", Decimal(0))
        assert fake.orders[0].json["voice"] == "nova"
        with pytest.raises(Refused, match="Choose one of the voices of Our voices"):
            studio.go(SpeechRequest(text="바다", language="ko", voice="alloy"), "b")


def test_speech_of_openai_itself_needs_a_key(db: None) -> None:
    config = AIProviderConfig.objects.get(provider="openai_speech")
    reason = preflight.why_not(config, SpeechRequest(text="바다", language="ko"))
    assert str(reason) == "OpenAI (speech) has no key."
