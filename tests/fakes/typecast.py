"""Typecast: speech as JSON with the time of each word; nothing is kept."""

import base64
from decimal import Decimal
from typing import Any

from . import media
from .server import Asked, Fake, Reply

MODELS = ("ssfm-v21", "ssfm-v30")
FIELDS = {"voice_id", "text", "model", "language", "prompt", "output", "seed"}
OUTPUT = {"volume", "target_lufs", "audio_pitch", "audio_tempo", "audio_format"}
EMOTIONS = {"normal", "happy", "sad", "angry", "whisper", "toneup", "tonedown"}
VOICE = "tc_62a8975e695ad26f7fb514d1"
CHARACTERS = Decimal("0.02")  # USD for 1,000
SECONDS_A_CHARACTER = 0.05


def problem(status: int, words: str) -> Reply:
    return Reply(status, {"message": words})


class Typecast(Fake):
    key = "__apiFakeTypecast0123456789abcdefghijk"
    routes = [
        ("POST", r"/v1/text-to-speech/with-timestamps", "speech"),
        ("GET", r"/v1/users/me/subscription", "subscription"),
        ("GET", r"/v3/voices", "list_voices"),
    ]

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.startswith("/v1/text-to-speech")

    def _refused(self, asked: Asked, scenario: str) -> Reply | None:
        if asked.headers.get("x-api-key") != self.key:
            return problem(401, "Invalid API key.")
        answers = {
            "bad_key": problem(401, "Invalid API key."),
            "quota": problem(402, "Insufficient credits."),
            "limit": problem(429, "Too many requests."),
            "limit_seconds": Reply(429, {"message": "slow"}, {"Retry-After": "120"}),
            "no_voice": problem(404, "Voice not found."),
            "validation": Reply(422, {"detail": [{"loc": ["text"], "msg": "too long"}]}),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def speech(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("text", ""))
        if refused := self._refused(asked, scenario) or _wrong(asked, body):
            return refused
        seconds = round(len(body["text"]) * SECONDS_A_CHARACTER, 3)
        with self.lock:
            usd = len(body["text"]) * CHARACTERS / 1000
            self.charge(str(len(self.charges) + 1), "speech", usd, asked)
        form = body["output"].get("audio_format", "wav")
        sounds = {
            "silent": lambda: media.silence(seconds, form),
            "empty": lambda: b"",
            "bad_file": lambda: b"\x00no sound at all",
        }
        content = sounds.get(scenario, lambda: media.sound(seconds, form))()
        return self.twisted(
            scenario,
            Reply(
                200,
                {
                    "audio": base64.b64encode(content).decode(),
                    "audio_format": form,
                    "audio_duration": seconds,
                    "words": None if scenario == "no_words" else words_of(body["text"], seconds),
                    "characters": None,
                },
            ),
        )

    def subscription(self, asked: Asked) -> Reply:
        return self._refused(asked, "") or Reply(
            200,
            {
                "plan": "lite",
                "credits": {"plan_credits": 1000, "used_credits": 250},
                "limits": {"concurrency_limit": 2, "custom_voice_slot": 0},
            },
        )

    def list_voices(self, asked: Asked) -> Reply:
        return self._refused(asked, "") or Reply(
            200,
            [
                {
                    "voice_id": VOICE,
                    "voice_name": {"eng": "Olivia", "kor": "올리비아"},
                    "models": [{"version": "ssfm-v30", "emotions": sorted(EMOTIONS)}],
                    "voice_type": "typecast",
                    "gender": "female",
                    "age": "young_adult",
                    "use_cases": ["Audiobook"],
                    "preview_url": "https://static.typecast.ai/olivia.wav",
                },
                {
                    "voice_id": "uc_62a8975e695ad26f7fb514d2",
                    "voice_name": {"eng": "Own", "kor": ""},
                    "models": [],
                    "voice_type": "custom",
                    "preview_url": None,
                },
            ],
        )


def words_of(text: str, seconds: float) -> list[dict[str, Any]]:
    words = text.split()
    each = seconds / max(1, len(words))
    return [
        {"text": word, "start": round(n * each, 3), "end": round((n + 1) * each - 0.01, 3)}
        for n, word in enumerate(words)
    ]


def _wrong(asked: Asked, body: dict[str, Any]) -> Reply | None:
    emotion = body.get("prompt", {})
    problems = {
        "fields": set(body) - FIELDS or set(body.get("output", {})) - OUTPUT,
        "granularity": asked.query.get("granularity") not in {"word", "char", None},
        "text": not 1 <= len(body.get("text", "")) <= 2000,
        "voice_id": not body.get("voice_id", "").startswith(("tc_", "uc_")),
        "model": body.get("model") not in MODELS,
        "language": body.get("language") not in {"kor", "eng"},
        "prompt": emotion
        and (
            emotion.get("emotion_type") != "preset" or emotion.get("emotion_preset") not in EMOTIONS
        ),
        "tempo": not 0.5 <= body.get("output", {}).get("audio_tempo", 1) <= 2,
    }
    found = [name for name, wrong in problems.items() if wrong]
    return problem(422, f"Validation error: {', '.join(found)}") if found else None
