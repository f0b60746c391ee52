"""Stability AI: one request, one picture; charged when there is a picture, also a blurred one."""

import base64
import io
import json
from decimal import Decimal
from typing import Any

from PIL import Image, UnidentifiedImageError

from . import media
from .server import Asked, Fake, Reply, multipart

RATIOS = {
    "21:9": (1536, 640),
    "16:9": (1344, 768),
    "3:2": (1216, 832),
    "5:4": (1152, 896),
    "1:1": (1024, 1024),
    "4:5": (896, 1152),
    "2:3": (832, 1216),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
SDXL = {
    (1024, 1024),
    (1152, 896),
    (896, 1152),
    (1216, 832),
    (832, 1216),
    (1344, 768),
    (768, 1344),
    (1536, 640),
    (640, 1536),
}
# The services that edit a picture, the credits of each, and what it takes.
EDITS: dict[str, tuple[str, set[str], set[str]]] = {
    "edit/inpaint": (
        "5",
        {"image", "mask", "prompt"},
        {"negative_prompt", "grow_mask", "seed", "output_format", "style_preset"},
    ),
    "upscale/fast": ("2", {"image"}, {"output_format"}),
    "upscale/conservative": (
        "40",
        {"image", "prompt"},
        {"negative_prompt", "seed", "output_format", "creativity"},
    ),
}
CREDITS = {
    "core": "3",
    "ultra": "8",
    "sd3.5-large": "6.5",
    "sd3.5-large-turbo": "4",
    "sd3.5-medium": "3.5",
    "sd3.5-flash": "2.5",
}
AUDIO_CREDITS = Decimal(20)
AUDIO_FIELDS = {"prompt", "duration", "seed", "steps", "cfg_scale", "model", "output_format"}
COMMON = {"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format", "style_preset"}
FIELDS = {
    "core": COMMON,
    "ultra": COMMON | {"image", "strength"},
    "sd3": COMMON | {"model", "mode", "image", "strength", "cfg_scale"},
}
ENGINE = "stable-diffusion-xl-1024-v1-0"


def problem(status: int, name: str, words: str) -> Reply:
    return Reply(
        status, {"id": "ed14db44362126aab3cbd25cca51ffe3", "name": name, "errors": [words]}
    )


def problem_v1(status: int, name: str, words: str) -> Reply:
    return Reply(status, {"id": "ed14db44", "name": name, "message": words})


class Stability(Fake):
    key = "sk-fake-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"
    routes = [
        ("POST", r"/v2beta/stable-image/generate/(core|ultra|sd3)", "generate"),
        (
            "POST",
            r"/v2beta/stable-image/(edit/inpaint|upscale/fast|upscale/conservative)",
            "edited",
        ),
        ("POST", r"/v1/generation/([^/]+)/text-to-image", "v1"),
        ("POST", r"/v2beta/audio/stable-audio-2/text-to-audio", "audio"),
        ("GET", r"/v1/user/balance", "balance"),
        ("GET", r"/v1/engines/list", "engines"),
    ]

    def __init__(
        self, *, credits_: Decimal = Decimal(1000), seconds: float = 0.0, sdxl_price: str = "0.02"
    ) -> None:
        super().__init__()
        self.credits, self.seconds, self.sdxl_price = credits_, seconds, sdxl_price

    def is_paid(self, asked: Asked) -> bool:
        return any(part in asked.path for part in ("/generat", "/audio/", "/edit/", "/upscale/"))

    def _trouble(self, scenario: str) -> Reply | None:
        answers = {
            "bad_key": problem(401, "unauthorized", "missing or wrong key"),
            "no_credits": problem(
                402, "payment_required", "You lack sufficient credits to make this request."
            ),
            "moderated": problem(
                403,
                "content_moderation",
                (
                    "Your request was flagged by our content moderation system and you were "
                    "not charged."
                ),
            ),
            "permission": problem(403, "permission_denied", "You do not have permission."),
            "too_large": problem(413, "payload_too_large", "Your request was larger than 10MiB."),
            "public_figure": problem(
                422, "public_figure", "Our system detected the likeness of a public figure."
            ),
            "limit": problem(
                429,
                "rate_limit_exceeded",
                "You have exceeded the rate limit of 150 requests within a 10 second period.",
            ),
            "filtered_words": problem_v1(400, "invalid_prompts", "Invalid prompts detected"),
            "no_model": problem(
                403, "forbidden", "Your account does not have access to this model."
            ),
            "limit_seconds": Reply(
                429, {"name": "rate_limit_exceeded", "errors": ["slow"]}, {"Retry-After": "120"}
            ),
            "retired": problem_v1(
                404, "not_found", f"The specified engine (ID {ENGINE}) was not found."
            ),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def generate(self, asked: Asked, service: str) -> Reply:
        try:
            sent = multipart(asked)
            picture = sent.pop("image", None)
            fields = {name: value.decode() for name, value in sent.items()}
        except ValueError:
            return problem(400, "bad_request", "content-type: must be multipart/form-data")
        scenario = self.scenario(fields.get("prompt", ""))
        if (
            refused := self._unauthorized(asked)
            or self._trouble(scenario)
            or _wrong_picture(picture, fields, service)
            or _wrong(fields, service)
        ):
            return refused
        seed = int(fields.get("seed", 0)) or 42
        width, height = RATIOS[fields.get("aspect_ratio", "1:1")]
        credits_ = CREDITS[fields.get("model", "sd3.5-large") if service == "sd3" else service]
        self._paid(asked, credits_=Decimal(credits_), what=service)
        finish = {"filtered": "CONTENT_FILTERED", "new_finish": "HALF_DONE"}.get(
            scenario, "SUCCESS"
        )
        if scenario == "plain_picture":
            return Reply(
                200,
                self._picture(width, height, seed, scenario),
                {"Content-Type": "image/png", "finish-reason": finish, "seed": str(seed)},
            )
        body = {
            "image": base64.b64encode(self._picture(width, height, seed, scenario)).decode(),
            "seed": seed,
            "finish_reason": finish,
        }
        body = _oddly(body, scenario, image="image", finish="finish_reason")
        reply = Reply(
            200,
            json.dumps(body).encode(),
            {"Content-Type": "application/json; type=image/png"},
            delay=self.seconds,
        )
        if "application/json" not in asked.headers.get("accept", ""):
            reply = Reply(
                200,
                self._picture(width, height, seed, scenario),
                {"Content-Type": "image/png", "finish-reason": finish, "seed": str(seed)},
            )
        return self.twisted(scenario, reply)

    def edited(self, asked: Asked, service: str) -> Reply:
        credits_, required, optional = EDITS[service]
        try:
            sent = multipart(asked)
        except ValueError:
            return problem(400, "bad_request", "content-type: must be multipart/form-data")
        scenario = self.scenario(sent.get("prompt", b"").decode())
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        if wrong := (required - sent.keys()) | (sent.keys() - required - optional):
            return problem(400, "bad_request", f"missing or unknown: {sorted(wrong)}")
        if refused := _wrong_take(sent, service):
            return refused
        self._paid(asked, credits_=Decimal(credits_), what=service)
        finish = "CONTENT_FILTERED" if scenario == "filtered" else "SUCCESS"
        picture = base64.b64encode(self._picture(640, 360, len(self.charges), scenario)).decode()
        body = {"image": picture, "seed": int(sent.get("seed", b"0")), "finish_reason": finish}
        headers = {"Content-Type": "application/json; type=image/png"}
        reply = Reply(200, json.dumps(body).encode(), headers, delay=self.seconds)
        return self.twisted(scenario, reply)

    def audio(self, asked: Asked) -> Reply:
        try:
            fields = {name: value.decode() for name, value in multipart(asked).items()}
        except ValueError:
            return problem(400, "bad_request", "content-type: must be multipart/form-data")
        scenario = self.scenario(fields.get("prompt", ""))
        if (
            refused := self._unauthorized(asked)
            or self._trouble(scenario)
            or _wrong_audio(fields, asked.headers.get("accept", ""))
        ):
            return refused
        self._paid(asked, credits_=AUDIO_CREDITS, what="audio")
        sounds = {
            "silent": media.silence,
            "empty": lambda _seconds: b"",
            "bad_file": lambda _seconds: b"\x00no sound",
        }
        content = sounds.get(scenario, media.sound)(float(fields["duration"]))
        finish = {"filtered": "CONTENT_FILTERED", "new_finish": "HALF_DONE"}.get(
            scenario, "SUCCESS"
        )
        headers = {
            "Content-Type": "audio/mpeg",
            "finish-reason": finish,
            "seed": fields.get("seed", "42"),
        }
        return self.twisted(scenario, Reply(200, content, headers, delay=self.seconds))

    def v1(self, asked: Asked, engine: str) -> Reply:
        body = asked.json
        text = body["text_prompts"][0]["text"] if body.get("text_prompts") else ""
        scenario = self.scenario(text)
        if (
            refused := self._unauthorized(asked)
            or self._trouble(scenario)
            or _wrong_v1(body, engine)
        ):
            return refused
        self._paid(asked, credits_=Decimal(self.sdxl_price) * 100, what=engine)
        finish = {"filtered": "CONTENT_FILTERED", "new_finish": "ERROR"}.get(scenario, "SUCCESS")
        picture = base64.b64encode(
            self._picture(body["width"], body["height"], body.get("seed", 0), scenario)
        ).decode()
        artifacts: list[Any] = (
            []
            if scenario == "no_artifact"
            else [
                _oddly(
                    {"base64": picture, "seed": body.get("seed", 0), "finishReason": finish},
                    scenario,
                    image="base64",
                    finish="finishReason",
                )
            ]
        )
        return self.twisted(scenario, Reply(200, {"artifacts": artifacts}, delay=self.seconds))

    def _picture(self, width: int, height: int, seed: int, scenario: str) -> bytes:
        return (
            b"no picture" if scenario == "bad_file" else media.picture(width, height, seed % 1000)
        )

    def _paid(self, asked: Asked, *, credits_: Decimal, what: str) -> None:
        with self.lock:
            self.charge(str(len(self.charges) + 1), what, credits_ / 100, asked)

    def _unauthorized(self, asked: Asked) -> Reply | None:
        right = asked.headers.get("authorization") == f"Bearer {self.key}"
        return None if right else problem_v1(401, "unauthorized", "missing authorization header")

    def balance(self, asked: Asked) -> Reply:
        left = self.credits - self.charged * 100
        return self._unauthorized(asked) or Reply(200, {"credits": float(left)})

    def engines(self, asked: Asked) -> Reply:
        return self._unauthorized(asked) or Reply(
            200, [{"id": ENGINE, "name": "SDXL 1.0", "description": "", "type": "PICTURE"}]
        )


def _oddly(answer: dict[str, Any], scenario: str, *, image: str, finish: str) -> dict[str, Any]:
    """The same picture, dressed differently; it is charged as ever."""
    code = answer[image]
    changes: dict[str, dict[str, Any]] = {
        "wrapped": {image: "\r\n".join(code[at : at + 76] for at in range(0, len(code), 76))},
        "data_uri": {image: f"data:image/png;base64,{code}"},
        "url_base64": {image: code.replace("+", "-").replace("/", "_").rstrip("=")},
        "seed_text": {"seed": "123"},
        "seed_float": {"seed": 42.0},
        "seed_null": {"seed": None},
        "seed_object": {"seed": {"value": 1}},
        "seed_huge": {"seed": 2**80},
        "lower_finish": {finish: "success"},
        "no_finish": {finish: None},
        "in_other_field": {image: None, "data": {"picture": code}},
    }
    return answer | changes.get(scenario, {})


def _wrong_picture(picture: bytes | None, fields: dict[str, str], service: str) -> Reply | None:
    """Image-to-image of the ultra service: a picture and its strength, or neither."""
    strength = fields.pop("strength", None)
    if picture is None:
        words = "image: is required with strength"
        return None if strength is None else problem(400, "bad_request", words)
    if service != "ultra":
        return problem(400, "bad_request", "unknown fields: ['image']")
    if strength is None or not 0 <= float(strength) <= 1:
        return problem(400, "bad_request", "strength: is required with image, between 0 and 1")
    if not picture.startswith(b"\x89PNG"):
        return problem(400, "bad_request", "image: unreadable")
    return None


def _wrong_take(sent: dict[str, bytes], service: str) -> Reply | None:
    """The picture is within the service's size, and the mask is a picture of the same size."""
    try:
        picture = Image.open(io.BytesIO(sent["image"]))
        mask = Image.open(io.BytesIO(sent["mask"])) if "mask" in sent else None
    except UnidentifiedImageError:
        return problem(400, "bad_request", "image or mask: unreadable")
    if service == "upscale/fast" and picture.width * picture.height > 1_048_576:
        return problem(400, "bad_request", "image: at most 1048576 pixels")
    if mask is not None and mask.size != picture.size:
        return problem(400, "bad_request", "mask: must have the size of the image")
    if any("가" <= char <= "힣" for char in sent.get("prompt", b"").decode()):
        return problem(422, "invalid_language", "English is the only supported language.")
    return None


def _wrong(fields: dict[str, str], service: str) -> Reply | None:
    if unknown := set(fields) - FIELDS[service]:
        return problem(400, "bad_request", f"unknown fields: {sorted(unknown)}")
    prompt = fields.get("prompt", "")
    if not 1 <= len(prompt) <= 10_000:
        return problem(400, "bad_request", "prompt: is required and at most 10000 characters")
    if any("가" <= char <= "힣" for char in prompt + fields.get("negative_prompt", "")):
        return problem(
            422, "invalid_language", "English is the only supported language for this service."
        )
    if fields.get("aspect_ratio", "1:1") not in RATIOS:
        return problem(400, "bad_request", f"aspect_ratio: must be one of {sorted(RATIOS)}")
    if not fields.get("seed", "0").isdigit() or int(fields.get("seed", "0")) > 4294967294:
        return problem(400, "bad_request", "seed: must be between 0 and 4294967294")
    return None


def _wrong_audio(fields: dict[str, str], accept: str) -> Reply | None:
    if unknown := set(fields) - AUDIO_FIELDS:
        return problem(400, "bad_request", f"unknown fields: {sorted(unknown)}")
    if accept not in {"audio/*", "application/json"}:
        return problem(400, "bad_request", "accept: must be audio/* or application/json")
    if (
        not 1 <= len(fields.get("prompt", "")) <= 10_000
        or fields.get("model") != "stable-audio-2.5"
    ):
        return problem(400, "bad_request", "prompt or model is wrong")
    if (
        not 1 <= float(fields.get("duration", 190)) <= 190
        or not 0 <= int(fields.get("seed", "0")) <= 4294967294
    ):
        return problem(400, "bad_request", "duration or seed out of range")
    return None


def _wrong_v1(body: dict[str, Any], engine: str) -> Reply | None:
    if engine != ENGINE:
        return problem_v1(404, "not_found", f"The specified engine (ID {engine}) was not found.")
    if not body.get("text_prompts") or any(
        not 1 <= len(prompt["text"]) <= 2000 for prompt in body["text_prompts"]
    ):
        return problem_v1(
            400, "invalid_prompts", "text_prompts: is required, each at most 2000 characters"
        )
    if (body.get("width", 1024), body.get("height", 1024)) not in SDXL:
        return problem_v1(
            400,
            "invalid_sdxl_v1_dimensions",
            "for stable-diffusion-xl-1024-v1-0 the allowed dimensions are 1024x1024, …",
        )
    if (
        not 10 <= body.get("steps", 30) <= 50
        or not 1 <= body.get("samples", 1) <= 10
        or not 0 <= body.get("seed", 0) <= 4294967295
    ):
        return problem_v1(400, "bad_request", "steps, samples or seed out of range")
    if any("가" <= char <= "힣" for prompt in body["text_prompts"] for char in prompt["text"]):
        return problem_v1(400, "invalid_prompts", "English only")
    return None
