"""Log lines: for whom they were written, in which form, and never with a secret."""

import json
import logging
import re
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver

from config import logs
from core.log_context import job_id, log_context, request_id
from jobs.runner import run_due
from operations.log_format import HIDDEN, Json, Plain, Trace, redacted
from providers.models import ProviderCall
from stories.models import Scene
from stories.services.scenes import edit
from stories.services.transitions import apply_transition
from tests.stories.factories import make_story

SECRETS = {
    "header": "Authorization: Bearer abc.def-0123456789",
    "dict": "{'Authorization': 'Bearer abcdef0123456789', 'Accept': 'image/*'}",
    "json": '{"api_key": "sk-abcdef0123456789abcdef", "seed": 7}',
    "jwt": "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl was refused",
    "query": (
        "GET https://store/a.mp4?X-Amz-Credential=AKIA123456&X-Amz-Signature=deadbeef0123456789&x=1"
    ),
    "address": "could not connect to redis://:hunter2hunter2@cache:6379/0",
    "database": "postgresql://studio:hunter2hunter2@db/studio",
    "password": "password=hunter2hunter2 user=studio",
    "key": "Stability says no to sk-abcdefghijklmnop1234",
    "cookie": "Cookie: sessionid=abcdef0123456789",
}
# Addresses that are keys: whoever reads the log must not be able to open them.
LINKS = (
    "Internal Server Error: /review/JlDqY2FCr313M_FKo3BJbPbU0LKZNnmH/film.mp4",
    "Internal Server Error: /media/WyJmaWxtcy8xMjMiXQ:1tDk2V:abc_DEF-0123456789",
    "Not Found: /admin/new-password/2a/abc_DEF-0123456789/",
    "to /admin/login/?next=%2Fadmin%2Fnew-password%2F2a%2Fabc_DEF-0123456789%2F",
    "GET /subtitles/WyJmaWxtcy8xMjMiXQ:abc_DEF-0123456789 took 6.0 s",
    "to /admin/login/?next=%2Freview%2FJlDqY2FCr313M_FKo3BJbPbU0LKZNnmH%2F",
    "fetch https://store.example.com/a.mp4?Expires=1&Signature=abc_DEF-0123456789&Key-Pair-Id=K1",
    "fetch https://cdn.example.com/a.mp4?_jwt=abc_DEF-0123456789",
    "fetch https://storage.example.com/a.mp4?X-Goog-Signature=abc_DEF-0123456789",
)


@pytest.mark.parametrize("line", LINKS)
def test_links_that_are_keys_are_hidden(line: str) -> None:
    clean = redacted(line)
    assert HIDDEN in clean
    for part in ("JlDqY2FCr313M_FKo3BJbPbU0LKZNnmH", "abc_DEF-0123456789"):
        assert part not in clean


def test_every_address_with_a_token_is_hidden() -> None:
    """A new address whose part is called token or key must be named in LINKS, too."""
    token = "WyJmaWxtcy8xMjMiXQ-abc_DEF"

    def addresses(patterns: Any, before: str = "") -> Any:
        for pattern in patterns:
            route = before + str(getattr(pattern.pattern, "_route", ""))
            if hasattr(pattern, "url_patterns"):
                yield from addresses(pattern.url_patterns, route)
            elif re.search("(token|key)>", route):
                yield "/" + re.sub(r"<[^>]*(token|key)>", token, route).replace(
                    "<str:uidb36>", "2a"
                )

    found = list(addresses(get_resolver().url_patterns))
    assert len(found) >= 5
    assert [
        address for address in found if token in redacted(f"Internal Server Error: {address}")
    ] == []


LEAKS = (
    "abcdef0123456789",
    "hunter2",
    "deadbeef",
    "eyJhbGci",
    "AKIA123456",
    "sk-abc",
    "abc.def-0123456789",
)


@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS)
def test_secrets_are_hidden(line: str) -> None:
    clean = redacted(line)
    assert HIDDEN in clean
    assert not [leak for leak in LEAKS if leak in clean]


API_KEY = "vps_" + "a1B2c3D4" * 5


@pytest.mark.parametrize(
    "line", [f"refused: {API_KEY}", f"GET /x?key={API_KEY} 404", f"{{'key': '{API_KEY}'}}"]
)
def test_api_key_is_hidden_wherever_it_stands(line: str) -> None:
    assert API_KEY not in redacted(line)


ORDINARY = (
    "Scene 3 of 9 is ready.",
    "Job story_1a2b3c4d_0123456789ab waits: 60 s",
    "GET /api/ai-video/stories/ took 6.1 s",
    "토큰이 없는 문장",
)


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_are_left_alone(line: str) -> None:
    assert redacted(line) == line


def record(message: str, *arguments: Any, error: bool = False) -> logging.LogRecord:
    made = logging.LogRecord(
        "ai_video.jobs",
        logging.INFO,
        __file__,
        1,
        message,
        arguments,
        sys.exc_info() if error else None,
    )
    Trace().filter(made)
    return made


def test_line_names_request_and_job() -> None:
    with log_context(request_id, "req-12345678"), log_context(job_id, "story_1_2"):
        plain, structured = (
            Plain().format(record("It %s", "runs")),
            json.loads(Json().format(record("It %s", "runs"))),
        )
    assert plain.endswith("INFO ai_video.jobs request=req-12345678 job=story_1_2 It runs")
    assert {
        key: structured[key] for key in ("level", "logger", "message", "request_id", "job_id")
    } == {
        "level": "INFO",
        "logger": "ai_video.jobs",
        "message": "It runs",
        "request_id": "req-12345678",
        "job_id": "story_1_2",
    }
    assert "request" not in Plain().format(record("It runs"))


def test_own_secrets_are_hidden_wherever_they_stand() -> None:
    secret = "correct-horse-battery"
    try:
        int(f"the provider repeated {secret}")
    except ValueError:
        for formatter in (Plain([secret, ""]), Json([secret, ""])):
            line = formatter.format(record("it said %s", secret, error=True))
            assert secret not in line
            assert "ValueError" in line


def test_text_of_an_error_cannot_look_like_a_line_of_the_log() -> None:
    forged = "x\n2026-11-29 10:00:00,000 INFO ai_video.audit Log-in: root\x1b[2J"
    try:
        int(forged)
    except ValueError as error:
        error.args = (forged,)
        first, *others = Plain().format(record("It failed", error=True)).split("\n")
    assert first.endswith("INFO ai_video.jobs It failed")
    assert len(others) > 2
    assert [line for line in others if not line.startswith("  ")] == []
    assert not [line for line in others if "\x1b" in line]


def test_runner_gives_its_lines_the_job(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs import registry, runner
    from jobs.outcomes import Done
    from jobs.services.queue import enqueue

    seen: list[str] = []
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))

    @registry.handler("log_probe")
    def probe(_run: Any) -> Done:
        seen.append(job_id.get())
        return Done()

    job, _made = enqueue(
        "log_probe", data={"story_id": "s", "action": "x", "parameters": {}}, subject="s"
    )
    runner.run_due()
    assert (seen, job_id.get()) == ([job.pk], "")


@pytest.mark.parametrize("given", ["abcd-1234.5678", "", "short", "a\nb-injected-line", "x" * 65])
def test_request_id_is_taken_over_if_it_is_one(given: str, settings: Any) -> None:
    from config.middleware import trace

    inside: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        inside.append(request_id.get())
        return HttpResponse()

    response = trace(view)(
        RequestFactory().get("/", headers={"X-Request-ID": given} if given else {})
    )
    assert response["X-Request-ID"] == inside[0]
    assert (inside[0] == given) == (given == "abcd-1234.5678")
    assert request_id.get() == ""


# --- the settings


def test_production_writes_to_the_file_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOG_FILE", raising=False)
    assert logs.file_from_env(production=True) == "/var/log/videoplanet/ai_video.log"
    assert logs.file_from_env(production=False) == ""
    monkeypatch.setenv("LOG_FILE", "-")
    assert logs.file_from_env(production=True) == ""
    monkeypatch.setenv("LOG_FILE", "/tmp/x.log")
    assert logs.file_from_env(production=True) == "/tmp/x.log"


def test_logger_writes_to_file_and_console_without_secrets(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from logging.config import dictConfig

    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    file = tmp_path / "ai_video.log"
    config = logs.logging_from_env(str(file), secrets=["a-secret-of-ours"])
    config["loggers"] = {"ai_video_probe": config["loggers"]["ai_video"]}
    dictConfig(config)
    try:
        logging.getLogger("ai_video_probe.x").info("key a-secret-of-ours")
        logging.getLogger("ai_video_probe.x").debug("prompt")
    finally:
        for handler in logging.getLogger("ai_video_probe").handlers:
            handler.close()
        logging.getLogger("ai_video_probe").handlers.clear()
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["message"] == f"key {HIDDEN}"
    assert json.loads(capsys.readouterr().err) == json.loads(line)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_words_of_a_story_are_in_no_log(owner: Any, caplog: pytest.LogCaptureFixture) -> None:
    word = "zanzibarium"
    story = make_story(owner, title=word, script=f"{word}.", duration_seconds=2)
    caplog.set_level(logging.DEBUG)
    apply_transition(story.pk, "start_planning", actor=owner)
    run_due()
    (scene,) = Scene.live.filter(story=story)
    edit(scene.pk, actor=owner, text=f"{word} at dawn", narration=f"{word} wakes.")
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    assert ProviderCall.objects.filter(state="settled").count() >= 2
    assert caplog.records
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if word in line] == []


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "LOUD"), ("LOG_FORMAT", "xml")])
def test_nonsense_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        logs.logging_from_env("", secrets=[])


def test_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FILE=-"):
        logs.logging_from_env(str(tmp_path / "missing" / "x.log"), secrets=[])


def test_a_message_begins_no_line_of_its_own_and_steers_no_terminal():
    forged = record("Refused: %s", "no\r\n2026-11-22 INFO ai_video all is paid\x1b[2J\u2028")
    assert (
        Plain()
        .format(forged)
        .endswith("Refused: no\\r\\n2026-11-22 INFO ai_video all is paid\\x1b[2J\\u2028")
    )
    assert "\n" not in Json().format(forged)
