"""ElevenLabs: the answer is the sound, and what was spoken stays in the account's history."""

import base64
import time
from decimal import Decimal
from email.utils import formatdate
from typing import Any

from . import media
from .server import Asked, Fake, Reply

CREDIT = Decimal("0.0001")  # USD
CREDITS_PER_CHARACTER = {"eleven_multilingual_v2": 1.0, "eleven_v3": 1.0, "eleven_flash_v2_5": 0.5}
MOST = {"eleven_multilingual_v2": 10_000, "eleven_v3": 3_000, "eleven_flash_v2_5": 40_000}
MUSIC_CREDITS, EFFECT_CREDITS = 1500, 1200  # a minute
SPEECH_FIELDS = {
    "text",
    "model_id",
    "seed",
    "language_code",
    "voice_settings",
    "previous_text",
    "next_text",
}
MUSIC_FIELDS = {"prompt", "music_length_ms", "model_id", "seed", "force_instrumental"}
EFFECT_FIELDS = {"text", "duration_seconds", "loop", "prompt_influence", "model_id"}
FORMS = {"mp3_44100_128": "mp3", "mp3_44100_192": "mp3"}
VOICES = {
    "anna0001": ("Anna", ["ko", "en"]),
    "ben00002": ("Ben", ["en"]),
    "carla003": ("Carla", []),
}
SECONDS_A_CHARACTER = 0.05


def problem(status: int, name: str, words: str) -> Reply:
    return Reply(status, {"detail": {"status": name, "message": words}})


def unfit(*place: str, words: str) -> Reply:
    return Reply(422, {"detail": [{"loc": ["body", *place], "msg": words, "type": "value_error"}]})


class ElevenLabs(Fake):
    key = "sk_0123456789abcdef0123456789abcdef0123456789abcdef"
    routes = [
        ("POST", r"/v1/text-to-speech/([^/]+)/with-timestamps", "speech"),
        ("POST", r"/v1/music", "music"),
        ("POST", r"/v1/sound-generation", "effect"),
        ("GET", r"/v1/history", "list_history"),
        ("GET", r"/v1/history/([^/]+)/audio", "history_audio"),
        ("GET", r"/v1/user/subscription", "subscription"),
        ("GET", r"/v2/voices", "list_voices"),
        ("GET", r"/([a-z0-9]+)\.mp3", "voice_sample"),
    ]

    def __init__(self, *, limit: int = 100_000) -> None:
        super().__init__()
        self.limit = limit
        self.items: list[dict[str, Any]] = []
        self.sounds: dict[str, bytes] = {}
        self.spent = 0.0  # credits
        self.ahead = 0.0  # seconds by which this server's clock is ahead of everybody's
        self.samples = "https://samples.example.com"
        self.sample = Reply(200, media.sound(1, FORMS["mp3_44100_128"]))

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.startswith(("/v1/text-to-speech", "/v1/music", "/v1/sound-generation"))

    def _refused(self, asked: Asked, scenario: str) -> Reply | None:
        if asked.headers.get("xi-api-key") != self.key:
            return problem(401, "invalid_api_key", "Invalid API key")
        answers = {
            "bad_key": problem(401, "invalid_api_key", "Invalid API key"),
            "quota": problem(
                401,
                "quota_exceeded",
                "This request exceeds your quota. You have 3 credits remaining.",
            ),
            "too_long": problem(
                400, "max_character_limit_exceeded", "This request exceeds the limit of characters."
            ),
            "no_voice": problem(400, "voice_not_found", "A voice with this ID was not found."),
            "plan": problem(403, "only_for_creator+", "Only for Creator and higher."),
            "concurrent": problem(
                429, "too_many_concurrent_requests", "Too many concurrent requests."
            ),
            "busy": problem(429, "system_busy", "Our systems are busy."),
            "limit_seconds": Reply(
                429,
                {"detail": {"status": "system_busy", "message": "slow"}},
                {"Retry-After": "120"},
            ),
            "policy": problem(400, "content_against_policy", "The text is against our policy."),
            "field": unfit("seed", words="Input should be less than 4294967296"),
            "plain_words": Reply(400, {"detail": "Something about the request."}),
            "echo": problem(400, "bad_request", f"Refused: {self.key} may not."),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def speech(self, asked: Asked, voice: str) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("text", ""))
        if refused := self._refused(asked, scenario) or _wrong_speech(body, voice):
            return refused
        text = body["text"]
        seconds = round(len(text) * SECONDS_A_CHARACTER, 3)
        sound = self._sound(asked, seconds, scenario)
        credits_ = len(text) * CREDITS_PER_CHARACTER[body["model_id"]]
        alignment = _alignment(text)
        with self.lock:
            before = self.spent
            self._paid(asked, credits_, "speech")
            item = f"item{len(self.items) + 1:04d}"
            if scenario != "not_in_history":
                self.items.append(
                    {
                        "history_item_id": item,
                        "request_id": f"req{len(self.items) + 1}",
                        "voice_id": voice,
                        "model_id": body["model_id"],
                        "text": text,
                        "date_unix": int(time.time() + self.ahead),
                        "character_count_change_from": round(before),
                        "character_count_change_to": round(self.spent),
                        "content_type": "audio/mpeg",
                        "state": "created",
                        "source": "TTS",
                        "alignments": {"alignment": alignment, "normalized_alignment": alignment},
                    }
                )
                self.sounds[item] = sound
        if scenario in {"lost", "not_in_history"}:
            scenario = "drop"
        answer = {
            "audio_base64": base64.b64encode(sound).decode(),
            "alignment": alignment,
            "normalized_alignment": alignment,
        }
        answer |= _oddly(answer, scenario)
        headers = {
            "request-id": f"req{len(self.items)}",
            "current-concurrent-requests": "1",
            "maximum-concurrent-requests": "5",
        }
        if scenario != "no_cost":
            odd = {"cost_in_words": "free", "cost_negative": "-5", "cost_absurd": "1e308"}
            headers["character-cost"] = odd.get(scenario, f"{credits_:g}")
        return self.twisted(scenario, Reply(200, answer, headers))

    def music(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("prompt", ""))
        if refused := self._refused(asked, scenario) or _wrong_music(body):
            return refused
        seconds = body["music_length_ms"] / 1000
        self._paid(asked, seconds / 60 * MUSIC_CREDITS, "music")
        reply = Reply(
            200,
            self._sound(asked, seconds, scenario),
            {"Content-Type": "audio/mpeg", "song-id": f"song{self.paid}"},
        )
        return self.twisted(scenario, reply)

    def effect(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("text", ""))
        if refused := self._refused(asked, scenario) or _wrong_effect(body):
            return refused
        credits_ = body["duration_seconds"] / 60 * EFFECT_CREDITS
        self._paid(asked, credits_, "effect")
        headers = {"Content-Type": "audio/mpeg", "character-cost": f"{credits_:g}"}
        return self.twisted(
            scenario, Reply(200, self._sound(asked, body["duration_seconds"], scenario), headers)
        )

    def _sound(self, asked: Asked, seconds: float, scenario: str) -> bytes:
        form = FORMS[asked.query.get("output_format", "mp3_44100_128")]
        if scenario == "silent":
            return media.silence(seconds, form)
        if scenario == "empty":
            return b""
        return b"no sound at all" if scenario == "bad_file" else media.sound(seconds, form)

    def _paid(self, asked: Asked, credits_: float, what: str) -> None:
        with self.lock:
            self.spent += credits_
            self.charge(
                str(len(self.charges) + 1), what, Decimal(str(round(credits_, 4))) * CREDIT, asked
            )

    # What is free

    def list_history(self, asked: Asked) -> Reply:
        if refused := self._refused(asked, ""):
            return refused
        voice = asked.query.get("voice_id")
        with self.lock:
            found = [item for item in reversed(self.items) if voice in {None, item["voice_id"]}]
        answer = {
            "history": found[: int(asked.query.get("page_size", 100))],
            "has_more": False,
            "last_history_item_id": None,
        }
        return Reply(200, answer, {"Date": formatdate(time.time() + self.ahead, usegmt=True)})

    def history_audio(self, asked: Asked, item: str) -> Reply:
        if refused := self._refused(asked, ""):
            return refused
        if item not in self.sounds:
            return problem(404, "history_item_not_found", "No such item.")
        return Reply(200, self.sounds[item], {"Content-Type": "audio/mpeg"})

    def subscription(self, asked: Asked) -> Reply:
        answer = {
            "tier": "creator",
            "character_count": round(self.spent),
            "character_limit": self.limit,
            "status": "active",
        }
        return self._refused(asked, "") or Reply(200, answer)

    def list_voices(self, asked: Asked) -> Reply:
        if refused := self._refused(asked, ""):
            return refused
        token = int(asked.query.get("next_page_token", 0))
        names = sorted(VOICES)[token : token + 2]
        answer = {
            "voices": [_voice(name, self.samples) for name in names],
            "has_more": token + 2 < len(VOICES),
            "next_page_token": str(token + 2) if token + 2 < len(VOICES) else None,
            "total_count": len(VOICES),
        }
        return Reply(200, answer)

    def voice_sample(self, _asked: Asked, _voice: str) -> Reply:
        return self.sample


def _voice(voice: str, samples: str) -> dict[str, Any]:
    name, languages = VOICES[voice]
    return {
        "voice_id": voice,
        "name": name,
        "category": "premade",
        "labels": {} if languages else {"language": "de", "accent": "standard"},
        "preview_url": f"{samples}/{voice}.mp3",
        "verified_languages": [
            {"language": one, "model_id": "eleven_multilingual_v2"} for one in languages
        ]
        or None,
        "settings": None,
    }


def _alignment(text: str) -> dict[str, list[Any]]:
    times = [round(at * SECONDS_A_CHARACTER, 3) for at in range(len(text) + 1)]
    return {
        "characters": list(text),
        "character_start_times_seconds": times[:-1],
        "character_end_times_seconds": times[1:],
    }


def _oddly(answer: dict[str, Any], scenario: str) -> dict[str, Any]:
    """The same sound, dressed differently; it is charged as ever."""
    alignment = answer["alignment"]
    short = alignment | {
        "character_end_times_seconds": alignment["character_end_times_seconds"][:-1]
    }
    changes: dict[str, dict[str, Any]] = {
        "no_alignment": {"alignment": None, "normalized_alignment": None},
        "short_alignment": {"alignment": short},
        "words_for_times": {
            "alignment": alignment
            | {"character_start_times_seconds": ["soon"] * len(alignment["characters"])}
        },
        "odd_alignment": {"alignment": "none"},
        "in_other_field": {"audio_base64": None, "audio": {"data": answer["audio_base64"]}},
    }
    return changes.get(scenario, {})


def _wrong_speech(body: dict[str, Any], voice: str) -> Reply | None:  # noqa: PLR0911  one for each mistake
    model = body.get("model_id", "eleven_multilingual_v2")
    if unknown := set(body) - SPEECH_FIELDS:
        return unfit(*unknown, words="Extra inputs are not permitted")
    if voice not in VOICES:
        return problem(400, "voice_not_found", "A voice with this ID was not found.")
    if model not in MOST:
        return problem(400, "model_not_found", "A model with this ID was not found.")
    if len(body["text"]) > MOST[model]:
        return problem(
            400, "max_character_limit_exceeded", "This request exceeds the limit of characters."
        )
    if not 0 <= body.get("seed", 0) <= 4294967295:
        return unfit("seed", words="Input should be less than 4294967296")
    if not 0.7 <= body.get("voice_settings", {}).get("speed", 1.0) <= 1.2:
        return unfit("voice_settings", "speed", words="Input should be between 0.7 and 1.2")
    return None


def _wrong_music(body: dict[str, Any]) -> Reply | None:
    if unknown := set(body) - MUSIC_FIELDS:
        return unfit(*unknown, words="Extra inputs are not permitted")
    if not 1 <= len(body.get("prompt", "")) <= 4100:
        return unfit("prompt", words="String should have at most 4100 characters")
    if (
        not 3000 <= body.get("music_length_ms", 3000) <= 600_000
        or not 0 <= body.get("seed", 0) <= 2147483647
    ):
        return unfit("music_length_ms", words="Input should be between 3000 and 600000")
    return None


def _wrong_effect(body: dict[str, Any]) -> Reply | None:
    if unknown := set(body) - EFFECT_FIELDS:
        return unfit(*unknown, words="Extra inputs are not permitted")
    if not 0.5 <= body.get("duration_seconds", 1) <= 30:
        return unfit("duration_seconds", words="Input should be between 0.5 and 30")
    return None
