"""Supertone: the answer is the sound, its length is in a header, and the length is what is paid."""

from decimal import Decimal
from typing import Any

from . import media
from .server import Asked, Fake, Reply

MODELS = ("sona_speech_1", "sona_speech_2", "sona_speech_2t", "supertonic_api_1")
FIELDS = {"text", "language", "style", "model", "output_format", "voice_settings"}
VOICE = "5Hc3pQ1v"
MINUTE = Decimal("0.10")  # USD
SECONDS_A_CHARACTER = 0.05


def problem(status: int, words: str, *, nested: bool = True) -> Reply:
    inner = {"message": words, "error": words, "statusCode": status}
    return Reply(status, {"status": "error", "message": inner if nested else words})


class Supertone(Fake):
    key = "sup-fake-0123456789abcdefghijklmnop"
    routes = [
        ("POST", r"/v1/text-to-speech/([^/]+)", "speech"),
        ("POST", r"/v1/predict-duration/([^/]+)", "predict"),
        ("GET", r"/v1/credits", "balance_left"),
        ("GET", r"/v1/voices", "list_voices"),
    ]

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.startswith("/v1/text-to-speech")

    def _refused(self, asked: Asked, scenario: str) -> Reply | None:
        if asked.headers.get("x-sup-api-key") != self.key:
            return problem(401, "Invalid API key")
        answers = {
            "bad_key": problem(401, "Invalid API key"),
            "quota": problem(402, "Not enough credits"),
            "forbidden": problem(403, "Permission denied"),
            "limit": problem(429, "rate limit exceeded"),
            "limit_seconds": Reply(429, {"message": "slow"}, {"Retry-After": "120"}),
            "no_voice": problem(404, "Voice not found"),
            "validation": problem(400, "Invalid request data", nested=False),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def speech(self, asked: Asked, voice: str) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("text", ""))
        if refused := self._refused(asked, scenario) or _wrong(body, voice):
            return refused
        seconds = seconds_of(body)
        with self.lock:
            usd = MINUTE * Decimal(str(seconds)) / 60
            self.charge(str(len(self.charges) + 1), "speech", usd, asked)
        form = body.get("output_format", "wav")
        sounds = {
            "silent": lambda: media.silence(seconds, form),
            "empty": lambda: b"",
            "bad_file": lambda: b"\x00no sound at all",
        }
        content = sounds.get(scenario, lambda: media.sound(seconds, form))()
        headers = {"Content-Type": "audio/wav", "X-Audio-Length": f"{seconds}"}
        if scenario == "no_length":
            del headers["X-Audio-Length"]
        if scenario == "error_in_success":
            return Reply(200, {"status": "error", "message": "The server had an error."})
        return self.twisted(scenario, Reply(200, content, headers))

    def predict(self, asked: Asked, voice: str) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("text", ""))
        return (
            self._refused(asked, scenario)
            or _wrong(body, voice)
            or Reply(200, {"duration": seconds_of(body)})
        )

    def balance_left(self, asked: Asked) -> Reply:
        return self._refused(asked, "") or Reply(200, {"balance": 120.5})

    def list_voices(self, asked: Asked) -> Reply:
        if refused := self._refused(asked, ""):
            return refused
        sample = {"language": "ko", "style": "neutral", "model": MODELS[0]}
        first = {
            "voice_id": VOICE,
            "name": "Agatha",
            "language": ["ko", "en"],
            "samples": [
                {**sample, "language": "en", "url": "https://supertoneapi.com/en.wav"},
                {**sample, "url": "https://supertoneapi.com/ko.wav"},
            ],
        }
        second = {"voice_id": "9Xy", "name": "", "language": ["en"], "samples": []}
        if asked.query.get("next_page_token") == "two":
            return Reply(200, {"items": [second], "total": 2})
        return Reply(200, {"items": [first], "total": 2, "next_page_token": "two"})


def seconds_of(body: dict[str, Any]) -> float:
    speed = body.get("voice_settings", {}).get("speed", 1)
    return round(len(body["text"]) * SECONDS_A_CHARACTER / speed, 3)


def _wrong(body: dict[str, Any], voice: str) -> Reply | None:
    problems = {
        "fields": set(body) - FIELDS,
        "voice_id": voice != VOICE,
        "text": not 1 <= len(body.get("text", "")) <= 300,
        "language": body.get("language") not in {"ko", "en", "ja"},
        "model": body.get("model", MODELS[0]) not in MODELS,
        "output_format": body.get("output_format", "wav") not in {"wav", "mp3"},
        "speed": not 0.5 <= body.get("voice_settings", {}).get("speed", 1) <= 2,
    }
    found = [name for name, wrong in problems.items() if wrong]
    return problem(400, f"Invalid: {', '.join(found)}", nested=False) if found else None
