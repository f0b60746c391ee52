"""The voices of a provider are heard and chosen on the story's own page."""

from typing import Any

import pytest
from django.urls import reverse

from stories.models import Voice
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.server import Reply
from tests.markup import flat
from tests.providers.real import configure
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any, client: Any) -> Any:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    story = make_story(owner, status="planned", language="en")
    make_scene(story, narration="The boat leaves.")
    return story


def ask(client: Any, story: Any, page: str = "voices", **query: str) -> Any:
    name = f"admin:stories_story_{page}"
    return client.get(reverse(name, args=[story.pk]), query)


@pytest.mark.moderate
def test_local_voices_are_heard_and_chosen(client: Any, story: Any) -> None:
    page = flat(ask(client, story, speaker="MARA"))
    assert "A voice for MARA" in page
    assert page.index("Heart") < page.index("Scratch voice"), "the story is in English"
    sample = ask(client, story, "voice_sample", provider="local", voice="heart")
    assert (sample.status_code, sample["Content-Type"]) == (200, "audio/wav")
    assert sample.content.startswith(b"RIFF")
    chosen = {"speaker": "MARA", "provider": "local", "voice": "heart"}
    client.post(reverse("admin:stories_story_voice", args=[story.pk]), chosen)
    voice = Voice.objects.get(story=story, speaker="MARA")
    assert (voice.provider, voice.voice) == ("local", "heart")
    Voice.objects.update(model="soft")
    assert 'name="provider" value="local:soft"' in flat(ask(client, story, speaker="MARA"))
    assert "A voice for the narrator" in flat(ask(client, story))
    assert "In use" in flat(ask(client, story, speaker="MARA"))


@pytest.mark.parametrize("query", [{"provider": "local", "voice": "nobody"}, {"voice": "heart"}])
def test_unknown_voice_has_no_sample(client: Any, story: Any, query: dict[str, str]) -> None:
    assert ask(client, story, "voice_sample", **query).status_code == 404


def test_only_owners_ask_a_provider(client: Any, story: Any, colleague: Any) -> None:
    client.force_login(colleague)
    for page in ("voices", "voice_sample"):
        assert ask(client, story, page, provider="local", voice="heart").status_code != 200


@pytest.mark.moderate
def test_samples_of_a_provider_are_fetched_by_its_rules(
    client: Any, story: Any, settings: Any
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"elevenlabs": ElevenLabs.key}
    query = {"provider": "elevenlabs", "voice": "anna0001"}
    with ElevenLabs() as fake:
        fake.samples = fake.url
        configure("elevenlabs", fake)
        page = flat(ask(client, story, provider="elevenlabs"))
        assert page.index("Anna") < page.index("Carla"), "Carla speaks German only"
        assert "Carla" not in flat(ask(client, story, provider="elevenlabs", q="ann"))
        for reply, status, kind in (
            (fake.sample, 200, "audio/mpeg"),
            (Reply(200, b"<html>"), 404, "text/plain"),
            (Reply(200, bytes(6_000_000)), 404, "text/plain"),
            (Reply(404), 404, "text/plain"),
        ):
            fake.sample = reply
            answer = ask(client, story, "voice_sample", **query)
            assert (answer.status_code, answer["Content-Type"]) == (status, kind)
        assert all("xi-api-key" not in one.headers for one in fake.asked if "mp3" in one.path)
        asked = len(fake.asked)
        settings.LOOPBACK_PROVIDERS = False  # an address inside, as in production
        assert ask(client, story, "voice_sample", **query).status_code == 404
        assert len(fake.asked) == asked
    assert fake.charges == {}
