"""Written by a worker whose language is Korean, read in English, and the other way round."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts import refresh_tokens
from core.clock import database_now
from core.localized_messages import LocalizedMessage
from jobs import registry
from jobs.models import Job
from jobs.outcomes import Fail
from jobs.runner import run_due
from jobs.services.queue import cancel, enqueue
from providers.calls import limits, outcomes
from providers.enums import CallState, Refusal
from providers.errors import NotNow, Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.services import configs
from stories.services.transitions import apply_transition
from stories.web.pauses import pauses_of
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db

API = "/api/ai-video/"


@pytest.fixture
def ask(client: Client, owner: Any) -> Any:
    """`ask(path, language)`: what the API answers in that language."""
    token = refresh_tokens.start(owner).access.token

    def ask(path: str, language: str) -> Any:
        return client.get(
            API + path, headers={"Authorization": f"Bearer {token}", "Accept-Language": language}
        ).json()

    return ask


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_handlers", {})

    @registry.handler("scene_preview")
    def fails(_run: Any) -> Any:
        raise Fail("The scene has been deleted.", code="scene_gone")


def make_job(story: Any) -> Job:
    data = {"story_id": str(story.pk), "action": "generate_image", "parameters": {}}
    return enqueue("scene_preview", data=data, subject=str(story.pk), owner=story.owner)[0]


@pytest.mark.parametrize("end", ["fails", "is cancelled"])
def test_end_of_a_job_is_told_in_the_language_of_the_reader(
    ask: Any, owner: Any, failing: None, end: str
) -> None:
    job = make_job(make_story(owner))
    with translation.override("ko"):
        run_due() if end == "fails" else cancel(job.pk)
    message = {"fails": "The scene has been deleted.", "is cancelled": "Cancelled."}[end]
    english, korean = (ask(f"jobs/{job.pk}/", language)["job"] for language in ("en", "ko"))
    assert english["result"] == {"success": False, "result": None, "error": message}
    assert english["error"]["detail"] == message
    assert english["note"] == message
    with translation.override("ko"):
        assert korean["result"]["error"] == translation.gettext(message) != message
    assert korean["note"] == korean["result"]["error"]


def test_reason_of_a_failed_story_is_told_in_the_language_of_the_reader(
    ask: Any, owner: Any
) -> None:
    story = make_story(owner, status="previewing")
    make_scene(story)
    data = {"story_id": str(story.pk), "action": "generate_preview", "parameters": {}}
    job, _made = enqueue(
        "story_preview", data=data, subject=str(story.pk), owner=owner, max_attempts=1
    )
    Job.objects.filter(pk=job.pk).update(subject="00000000-0000-0000-0000-000000000000")
    Job.objects.filter(pk=job.pk).update(
        subject=str(story.pk),
        status="running",
        token=1,
        attempts=1,
        lease_until=database_now() - timedelta(minutes=1),
    )
    from jobs.services.reclaim import reclaim_expired

    with translation.override("ko"):
        reclaim_expired()
    (row,) = ask(f"stories/{story.pk}/transitions/", "en")["items"]
    assert (row["to_status"], row["reason"]) == (
        "failed",
        "The worker vanished in the middle of the job.",
    )
    (row,) = ask(f"stories/{story.pk}/transitions/", "ko")["items"]
    assert row["reason"] != "The worker vanished in the middle of the job."


def test_reason_that_a_person_wrote_is_told_as_written(ask: Any, owner: Any) -> None:
    story = make_story(owner)
    apply_transition(story.pk, "archive", actor=owner, reason="100 % 끝났습니다")
    (row,) = ask(f"stories/{story.pk}/transitions/", "en")["items"]
    assert row["reason"] == "100 % 끝났습니다"


def test_pause_of_a_provider_is_told_in_the_language_of_the_reader(
    client: Client, manager: Any
) -> None:
    config = AIProviderConfig.objects.get(provider="stability_ai")
    AIProviderConfig.objects.filter(pk=config.pk).update(is_active=True, api_key_enc="x")
    money = {
        "unit_price": Decimal(1),
        "units": 1,
        "estimate": Decimal(1),
        "request_hash": "h",
        "kind": "image",
    }
    call = ProviderCall.objects.create(key="1", state="refused", provider=config, **money)
    with translation.override("ko"), pytest.raises(NotNow):
        outcomes.raise_if_it_may_wait(
            call,
            Refused(
                "Stability AI does not accept the key: %(words)s", kind=Refusal.KEY, words="401"
            ),
        )
    config.refresh_from_db()
    with translation.override("en"):
        assert (config.is_paused, str(config.paused_because)) == (
            True,
            "Stability AI does not accept the key: 401",
        )
        story = make_story(manager, image_provider="stability_ai")
        assert pauses_of(story) == [
            ("Stability AI is paused.", "Stability AI does not accept the key: 401")
        ]
        client.force_login(manager)
        assert "Stability AI does not accept the key: 401" in client.get("/admin/").content.decode()
    with translation.override("ko"):
        assert pauses_of(story)[0].why == "Stability AI가 키를 받아들이지 않습니다: 401"
    configs.pause(config, actor=manager, reason="100 % 확인")
    assert [why for _what, why in pauses_of(story)] == ["100 % 확인"]


def test_label_within_a_message_is_shown_in_the_language_of_the_reader() -> None:
    with translation.override("ko"):
        stored = LocalizedMessage(
            "It is “%(state)s”.", {"state": CallState.UNCLEAR.label}
        ).as_json()
    assert stored["values"] == {"state": {"sentence": {"template": "Needs checking", "values": {}}}}
    with translation.override("en"):
        assert str(LocalizedMessage.from_json(stored)) == "It is “Needs checking”."
    with translation.override("ko"):
        assert translation.gettext("Needs checking") in str(LocalizedMessage.from_json(stored))


def test_time_at_which_a_limit_ends_is_told_by_the_clock_of_the_reader() -> None:
    config = AIProviderConfig.objects.get(provider="stability_ai")
    config.not_before = timezone.now() + timedelta(minutes=7)
    with (
        translation.override("ko"),
        timezone.override("Asia/Seoul"),
        pytest.raises(NotNow) as raised,
    ):
        limits.check_limits(config)
    stored = type(raised.value.sentence).from_json(raised.value.sentence.as_json())
    with translation.override("en"), timezone.override("Europe/Berlin"):
        assert str(stored) == (
            f"Stability AI has asked for a pause until "
            f"{timezone.localtime(config.not_before):%H:%M:%S}."
        )
