"""Marked keys in the rows, the environment and a provider's answers; then every page, answer, dump
and log is searched for them.
"""

import io
import json
import re
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import StoryStatus
from stories.models import Scene
from stories.services.transitions import apply_transition
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.stability import Stability
from tests.providers.real import configure
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.slow

LINK = re.compile(r'(?:href|hx-get|src|data-url)="(/[^"#]*)"')
EACH = 4  # pages of one kind
MUST_BE_SEEN = {
    *("admin:index", "admin:costs", "admin:costs_export", "admin:monitoring"),
    *(
        "admin:providers_aiproviderconfig_changelist",
        "admin:providers_aiproviderconfig_change",
        "admin:providers_aiproviderconfig_history",
    ),
    *(
        "admin:providers_providercall_changelist",
        "admin:providers_providercall_change",
        "admin:providers_call_resolve",
    ),
    *(
        "admin:jobs_job_changelist",
        "admin:jobs_job_change",
        "admin:stories_story_changelist",
        "admin:stories_story_board",
    ),
    *("admin:stories_story_jobs", "admin:stories_story_money", "admin:stories_story_history"),
}


def written_by_a_person(client: Client, provider: str, key: str) -> None:
    """The key goes in through the form, so that the admin's own history knows of it."""
    page = reverse(
        "admin:providers_aiproviderconfig_change",
        args=[AIProviderConfig.objects.get(provider=provider).pk],
    )
    html = client.get(page).content.decode()
    form = {
        name: value
        for name, value in re.findall(r'<input[^>]*name="([\w-]+)"[^>]*?value="([^"]*)"', html)
        if "__prefix__" not in name
    }
    form |= {
        "settings": json.dumps(AIProviderConfig.objects.get(provider=provider).settings),
        "new_key": key,
    }
    form |= {
        "name": provider,
        "is_active": "on",
        "models-TOTAL_FORMS": "0",
        "models-INITIAL_FORMS": "0",
    }
    assert client.post(page, form).status_code == 302
    assert AIProviderConfig.objects.get(provider=provider).api_key_hint == key[-4:]


def crawl(client: Client, start: list[str]) -> tuple[str, Counter[str]]:
    """All that a superuser reads who follows every link from here, and how many pages of each kind
    those were.
    """
    seen: Counter[str] = Counter()
    known, queue, read = set(start), list(start), []
    while queue:
        url = queue.pop(0)
        try:
            name = resolve(url.partition("?")[0]).view_name
        except Resolver404:
            continue
        if "logout" in name or name.startswith("static") or seen[name] >= EACH:
            continue
        seen[name] += 1
        answer = client.get(url)
        assert answer.status_code < 500, url
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = body.decode("utf-8", "replace")
        read.append(f"{url} {answer.headers} {text}")
        for found in [answer.get("Location", ""), *LINK.findall(text)]:
            link = found.replace("&amp;", "&")
            if link.startswith("/") and link not in known:
                known.add(link)
                queue.append(link)
    return "\n".join(read), seen


def api_addresses(client: Client, ids: dict[str, str]) -> list[str]:
    document = client.get("/api/ai-video/openapi.json").json()
    paths = [path for path, operations in document["paths"].items() if "get" in operations]
    return [re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "none"), path) for path in paths]


@pytest.mark.django_db
def test_marked_keys_are_nowhere(
    settings: Any, admin_user: Any, everything_is_logged: pytest.LogCaptureFixture, capfd: Any
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"replicate": Replicate.key}
    client = Client()
    client.force_login(admin_user)
    with Stability() as stability, Runway(seconds=0) as runway:
        configure("stability_ai", stability)
        configure("runway_ml", runway)
        written_by_a_person(client, "stability_ai", Stability.key)
        written_by_a_person(client, "runway_ml", Runway.key)
        story = make_story(
            admin_user,
            status=StoryStatus.PLANNED,
            image_provider="stability_ai",
            clip_provider="runway_ml",
            duration_seconds=28,
        )
        for scenario in ("echo", "drop", "http_500", "well"):
            make_scene(
                story,
                text=f"a boat at dawn [[{scenario}]]",
                text_en=f"a boat at dawn [[{scenario}]]",
            )
        apply_transition(story.pk, "generate_preview", actor=admin_user)
        run_due()
        assert any(
            asked.headers["authorization"].endswith(Stability.key) for asked in stability.asked
        )
        assert set(ProviderCall.objects.values_list("state", flat=True)) == {
            "refused",
            "unclear",
            "settled",
        }
        for row in AIProviderConfig.objects.filter(
            provider__in=("stability_ai", "runway_ml", "replicate")
        ):
            client.post(reverse("admin:providers_do", args=[row.pk, "test"]))
        job, scene = (
            Job.objects.filter(name="scene_preview").first(),
            Scene.live.filter(story=story).first(),
        )
        assert job
        assert scene
        ids = {"story_id": str(story.pk), "scene_id": str(scene.pk), "job_id": job.pk}
        histories = [
            reverse("admin:providers_aiproviderconfig_history", args=[pk])
            for pk in AIProviderConfig.objects.values_list("pk", flat=True)
        ]
        read, seen = crawl(
            client,
            ["/admin/", "/healthz", "/readyz", "/metrics", *histories, *api_addresses(client, ids)],
        )
    assert set(seen) >= MUST_BE_SEEN, MUST_BE_SEEN - set(seen)
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    printed = capfd.readouterr()
    everywhere = (
        f"{read}\n{dump.getvalue()}\n{everything_is_logged.text}\n{printed.out}\n{printed.err}"
    )
    for key in (Stability.key, Runway.key, Replicate.key):
        assert key not in everywhere
        assert key[:24] not in everywhere
