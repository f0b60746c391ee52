"""OpenAI's speech: the answer is the sound; nothing is kept and no cost is said."""

from decimal import Decimal
from typing import Any

from . import media
from .server import Asked, Fake, Reply

MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
OLD_VOICES = {"alloy", "ash", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer"}
VOICES = OLD_VOICES | {"ballad", "verse", "marin", "cedar"}
FIELDS = {"model", "input", "instructions", "voice", "response_format", "speed", "stream_format"}
FORMS = {"flac": "flac", "wav": "wav", "mp3": "mp3", "opus": "ogg", "aac": "m4a"}
CHARACTERS, MINUTE = Decimal("0.015"), Decimal("0.015")  # USD for 1,000, for one
SECONDS_A_CHARACTER = Decimal("0.05")


def problem(
    status: int, words: str, *, kind: str = "invalid_request_error", code: str | None = None
) -> Reply:
    return Reply(status, {"error": {"message": words, "type": kind, "param": None, "code": code}})


class OpenAISpeech(Fake):
    key = "sk-fake-openai-0123456789abcdefghijklmnopqrstuvwxyz"
    routes = [("POST", r"/v1/audio/speech", "speech"), ("GET", r"/v1/models", "list_models")]

    @property
    def base(self) -> str:
        return f"{self.url}/v1"

    def is_paid(self, asked: Asked) -> bool:
        return asked.path == "/v1/audio/speech"

    def _refused(self, asked: Asked, scenario: str) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "Incorrect API key provided.", code="invalid_api_key")
        answers = {
            "bad_key": problem(401, "Incorrect API key provided.", code="invalid_api_key"),
            "quota": problem(
                429,
                "You exceeded your current quota.",
                kind="insufficient_quota",
                code="insufficient_quota",
            ),
            "limit": problem(
                429, "Rate limit reached.", kind="requests", code="rate_limit_exceeded"
            ),
            "limit_seconds": Reply(429, {"error": {"message": "slow"}}, {"Retry-After": "120"}),
            "no_model": problem(
                403, "Project does not have access to model `tts-1`.", code="model_not_found"
            ),
            "policy": problem(400, "The input was flagged.", code="content_policy_violation"),
            "echo": problem(400, f"Refused: Bearer {self.key} may not."),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def speech(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("input", ""))
        if refused := self._refused(asked, scenario) or _wrong(body):
            return refused
        seconds = len(body["input"]) * SECONDS_A_CHARACTER
        by_characters = body["model"].startswith("tts-1")
        usd = len(body["input"]) * CHARACTERS / 1000 if by_characters else seconds * MINUTE / 60
        with self.lock:
            self.charge(str(len(self.charges) + 1), "speech", usd, asked)
        form = FORMS[body.get("response_format", "mp3")]
        sound = {
            "silent": lambda: media.silence(float(seconds), form),
            "empty": lambda: b"",
            "bad_file": lambda: b"\x00no sound at all",
        }
        content = sound.get(scenario, lambda: media.sound(float(seconds), form))()
        if scenario == "error_in_success":
            return Reply(
                200, {"error": {"message": "The server had an error.", "type": "server_error"}}
            )
        return self.twisted(
            scenario,
            Reply(
                200,
                content,
                {
                    "Content-Type": "application/octet-stream",
                    "x-request-id": f"req_{len(self.charges)}",
                },
            ),
        )

    def list_models(self, asked: Asked) -> Reply:
        return self._refused(asked, "") or Reply(
            200, {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]}
        )


def _wrong(body: dict[str, Any]) -> Reply | None:  # noqa: PLR0911  one for each mistake
    if unknown := set(body) - FIELDS:
        return problem(400, f"Unrecognized request arguments: {sorted(unknown)}")
    if body.get("model") not in MODELS:
        return problem(404, "The model does not exist.", code="model_not_found")
    if not 1 <= len(body.get("input", "")) <= 4096:
        return problem(400, "input: string too long. Expected at most 4096 characters.")
    if len(body.get("instructions", "")) > 4096 or (
        body.get("instructions") and body["model"].startswith("tts-1")
    ):
        return problem(400, "instructions: not for this model, or too long.")
    known = OLD_VOICES if body["model"].startswith("tts-1") else VOICES
    if (
        not (isinstance(body.get("voice"), dict) and set(body["voice"]) == {"id"})
        and body.get("voice") not in known
    ):
        return problem(400, "voice: must be one of the built-in voices.")
    if not 0.25 <= body.get("speed", 1) <= 4 or body.get("response_format", "mp3") not in {
        *FORMS,
        "pcm",
    }:
        return problem(400, "speed or response_format out of range.")
    return None
