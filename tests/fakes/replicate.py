"""Replicate: predictions, files, a list, and signed webhooks."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from . import media
from .server import Asked, Fake, Reply, multipart

SECRET = "whsec_" + base64.b64encode(b"the fake's signing secret!").decode()
# official models: what they make, the price of an output or of a second of it, and the inputs that
# must be there
MODELS = {
    "black-forest-labs/flux-schnell": ("image", Decimal("0.003"), ["prompt"]),
    "bytedance/seedance-1-pro": ("clip", Decimal("0.06"), ["prompt"]),
    "google/veo-3.1": ("clip", Decimal("0.20"), ["prompt"]),
    "bytedance/seedream-4": ("image", Decimal("0.03"), ["prompt"]),
    "black-forest-labs/flux-kontext-pro": ("image", Decimal("0.04"), ["prompt"]),
    "topazlabs/image-upscale": ("image", Decimal("0.05"), ["image"]),
    "runwayml/upscale-v1": ("clip", Decimal("0.02"), ["video"]),
}
# The inputs for reference images: the most that a list may have, or None for a single one.
REFERENCES: dict[str, dict[str, int | None]] = {
    "bytedance/seedream-4": {"image_input": 10},
    "google/veo-3.1": {"reference_images": 3},
    "black-forest-labs/flux-kontext-pro": {"input_image": None},
}
REFERENCE_INPUTS = {name for inputs in REFERENCES.values() for name in inputs}
VERSION = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Made:
    id: str
    model: str
    input: dict[str, Any]
    scenario: str
    webhook: str = ""
    created_at: str = field(default_factory=now)
    polls: int = 0
    status: str = "starting"


class Replicate(Fake):
    key = "r8_0123456789abcdefghijklmnopqrstuvwxyzA"
    routes = [
        ("POST", r"/v1/models/([^/]+)/([^/]+)/predictions", "official"),
        ("POST", r"/v1/predictions", "versioned"),
        ("GET", r"/v1/predictions", "listed"),
        ("GET", r"/v1/predictions/([^/]+)", "prediction"),
        ("POST", r"/v1/predictions/([^/]+)/cancel", "cancel"),
        ("POST", r"/v1/files", "upload"),
        ("GET", r"/v1/account", "account"),
        ("GET", r"/v1/webhooks/default/secret", "secret"),
        ("GET", r"/delivery/([^/]+)/.*", "delivery"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, Made] = {}
        self.files: dict[str, bytes] = {}

    @property
    def base(self) -> str:
        return f"{self.url}/v1"

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.endswith("/predictions")

    def missing(self, asked: Asked) -> Reply:
        return Reply(
            404,
            {
                "detail": "The requested resource could not be found.",
                "status": 404,
                "title": "Not Found",
            },
        )

    def _unauthorized(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == f"Bearer {self.key}":
            return None
        return Reply(
            401,
            {
                "title": "Unauthenticated",
                "detail": "You did not pass a valid authentication token",
                "status": 401,
            },
        )

    # --- creating

    def official(self, asked: Asked, owner: str, name: str) -> Reply:
        if f"{owner}/{name}" not in MODELS:
            return self._unauthorized(asked) or self.missing(asked)
        if set(asked.json) - {"input", "webhook", "webhook_events_filter", "stream"}:
            return _invalid("additional properties are not allowed", "version")
        return self._create(asked, f"{owner}/{name}")

    def versioned(self, asked: Asked) -> Reply:
        body = asked.json
        if "version" not in body or set(body) - {
            "version",
            "input",
            "webhook",
            "webhook_events_filter",
            "stream",
        }:
            return self._unauthorized(asked) or _invalid("version is required", "version")
        if body["version"].rsplit(":", 1)[-1] != VERSION and body["version"] not in MODELS:
            words = (
                "The specified version does not exist (or perhaps you don't have "
                "permission to use it?)"
            )
            return self._unauthorized(asked) or Reply(
                422, {"title": "Invalid version or not permitted", "detail": words, "status": 422}
            )
        return self._create(
            asked, body["version"] if body["version"] in MODELS else "bytedance/seedance-1-pro"
        )

    def _create(self, asked: Asked, model: str) -> Reply:
        body = asked.json
        given = body.get("input", {})
        scenario = self.scenario(str(given.get("prompt", "")))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        for name in MODELS[model][2]:
            if name not in given:
                return _invalid(f"- input: {name} is required\n", "input")
        if wrong := _wrong_references(model, given):
            return wrong
        if not re.fullmatch(r"\d+[smh]", asked.headers.get("cancel-after", "5m")):
            return _invalid("Cancel-After must be a duration", "Cancel-After")
        made = Made(uuid.uuid4().hex[:26], model, given, scenario, webhook=body.get("webhook", ""))
        kind, price, _ = MODELS[model]
        if model == "google/veo-3.1" and given.get("generate_audio", True):
            price *= 2  # with sound, which is made unless told otherwise
        with self.lock:
            self.made[made.id] = made
            self.charge(
                made.id, model, price * (given.get("duration", 5) if kind == "clip" else 1), asked
            )
        if scenario == "webhook_first":
            self.tell(made)
        if scenario == "no_id":
            return Reply(201, {"status": "starting"})
        return self.twisted(scenario, Reply(201, self._told(made)))

    def _trouble(self, scenario: str) -> Reply | None:
        money = (
            "You have insufficient credit to run this model. Go to "
            "https://replicate.com/account/billing#billing to purchase credit."
        )
        answers = {
            "no_credits": Reply(
                402, {"title": "Insufficient credit", "detail": money, "status": 402}
            ),
            "bad_key": Reply(
                401,
                {
                    "title": "Unauthenticated",
                    "detail": "You did not pass a valid authentication token",
                    "status": 401,
                },
            ),
            "no_model": Reply(
                403, {"title": "Forbidden", "detail": "You may not use this model.", "status": 403}
            ),
            "limit": Reply(
                429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}
            ),
            "limit_header": Reply(429, {"detail": "Request was throttled."}, {"Retry-After": "7"}),
        }
        return answers.get(scenario) or self.trouble(scenario)

    # --- asking

    def prediction(self, asked: Asked, name: str) -> Reply:
        made = self.made.get(name)
        if refused := self._unauthorized(asked):
            return refused
        if made is None or made.scenario == "deleted":
            return self.missing(asked)
        if made.scenario == "busy_polls" and made.polls < 2:
            made.polls += 1
            return Reply(503, {"detail": "Service unavailable"})
        made.polls += 1
        if made.scenario == "key_gone":
            return Reply(
                401,
                {
                    "title": "Unauthenticated",
                    "detail": "You did not pass a valid authentication token",
                    "status": 401,
                },
            )
        if made.status in {"starting", "processing"}:
            made.status = ["starting", "processing", self._end(made)][min(made.polls - 1, 2)]
            if made.scenario == "new_state" and made.polls < 3:
                made.status = "processing"
                return Reply(200, {**self._told(made), "status": "dreaming"})
        return Reply(200, self._told(made))

    def _end(self, made: Made) -> str:
        ends = {
            "failed": "failed",
            "oom": "failed",
            "nsfw": "failed",
            "canceled": "canceled",
            "aborted": "aborted",
        }
        end = ends.get(made.scenario, "succeeded")
        if end in {"failed", "aborted"}:
            self.charges[made.id].usd = Decimal(0)
        return end

    def _told(self, made: Made) -> dict[str, Any]:
        urls = {
            "web": f"https://replicate.com/p/{made.id}",
            "get": f"{self.base}/predictions/{made.id}",
            "cancel": f"{self.base}/predictions/{made.id}/cancel",
        }
        answer: dict[str, Any] = {
            "id": made.id,
            "model": made.model,
            "version": "hidden",
            "input": made.input,
            "logs": "",
            "output": None,
            "data_removed": False,
            "error": None,
            "source": "api",
            "status": made.status,
            "created_at": made.created_at,
            "urls": urls,
        }
        if made.status == "processing":
            answer |= {"started_at": made.created_at, "logs": " 10%|#\n 40%|####\n"}
        if made.status in {"succeeded", "failed", "canceled", "aborted"}:
            answer |= {
                "started_at": made.created_at,
                "completed_at": now(),
                "metrics": {"predict_time": 4.125, "total_time": 5.0},
            }
        if made.status == "failed":
            answer["error"] = {
                "oom": "CUDA out of memory (E1001)",
                "nsfw": "The input was flagged as sensitive. (E005)",
            }.get(made.scenario, "It failed.")
        if made.status == "succeeded":
            answer |= self._output(made)
            answer |= {
                "successful": {"status": "successful"},
                "new_final_word": {"status": "delivered"},
                "upper_status": {"status": "SUCCEEDED"},
            }.get(made.scenario, {})
        if made.scenario == "nulls":
            answer |= dict.fromkeys(
                ("created_at", "model", "data_removed", "logs", "metrics", "error", "urls")
            )
        if made.scenario == "odd_types":
            answer |= {
                "created_at": 5,
                "logs": ["a"],
                "metrics": {"predict_time": "4.125"},
                "data_removed": "false",
                "version": {},
            }
        return answer

    def _output(self, made: Made) -> dict[str, Any]:
        kind = MODELS[made.model][0]
        url = f"{self.url}/delivery/{made.id}/out.{'mp4' if kind == 'clip' else 'png'}"
        return {
            "removed": {"output": None, "data_removed": True, "input": {}},
            "string_output": {"output": url},
            "data_output": {
                "output": [
                    "data:image/png;base64," + base64.b64encode(media.picture(320, 180, 3)).decode()
                ]
            },
            "object_output": {
                "output": {"video": {"url": url}, "note": "https://example.com/other"}
            },
            "no_file": {"output": "just words"},
            "evil_link": {"output": "http://169.254.169.254/latest"},
        }.get(made.scenario, {"output": [url] if kind == "image" else url})

    def listed(self, asked: Asked) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        since = asked.query.get("created_after", "")
        newest = sorted(self.made.values(), key=lambda made: made.created_at, reverse=True)
        return Reply(
            200,
            {
                "next": None,
                "previous": None,
                "results": [
                    self._told(made) for made in newest if made.created_at[:19] >= since[:19]
                ],
            },
        )

    def cancel(self, asked: Asked, name: str) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        made = self.made[name]
        if made.status in {"starting", "processing"}:
            made.status = "canceled"
        return Reply(200, self._told(made))

    def upload(self, asked: Asked) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        if self.scenario() == "no_upload":
            return Reply(500, {"detail": "Internal server error"})
        content = multipart(asked)["content"]
        name = uuid.uuid4().hex
        self.files[name] = content
        answer = {
            "id": name,
            "content_type": "image/png",
            "size": len(content),
            "created_at": now(),
            "expires_at": now(),
            "metadata": {},
        }
        return Reply(
            201,
            {
                **answer,
                "checksums": {"sha256": hashlib.sha256(content).hexdigest()},
                "urls": {"get": f"{self.base}/files/{name}"},
            },
        )

    def account(self, asked: Asked) -> Reply:
        return self._unauthorized(asked) or Reply(
            200, {"type": "organization", "username": "videoplanet", "name": "VideoPlanet"}
        )

    def secret(self, asked: Asked) -> Reply:
        return self._unauthorized(asked) or Reply(200, {"key": SECRET})

    def delivery(self, asked: Asked, name: str) -> Reply:
        made = self.made[name]
        if MODELS[made.model][0] == "image":
            return Reply(200, media.picture(320, 180, 3), {"Content-Type": "image/png"})
        return Reply(
            200, media.clip(int(made.input.get("duration", 5))), {"Content-Type": "video/mp4"}
        )

    # --- webhooks

    def tell(self, made: Made) -> None:
        """Send the webhook, as Replicate does: signed, from another thread, without waiting for the
        answer's meaning.
        """
        headers, body = signed(self._told(made))
        sender = threading.Thread(
            target=lambda: httpx.post(made.webhook, content=body, headers=headers, timeout=10)
        )
        sender.start()
        sender.join()


def signed(
    message: dict[str, Any], *, name: str = "", at: float | None = None, secret: str = SECRET
) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a webhook."""
    body = json.dumps(message).encode()
    name, stamp = name or f"msg_{uuid.uuid4().hex}", str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(
        hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    ).decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }, body


def _wrong_references(model: str, given: dict[str, Any]) -> Reply | None:
    for name in REFERENCE_INPUTS & given.keys():
        if name not in REFERENCES.get(model, {}):
            return _invalid(f"- input: {name} is not an input\n", "input")
        most, value = REFERENCES[model][name], given[name]
        if (isinstance(value, str) if most is not None else not isinstance(value, str)) or (
            most is not None and len(value) > most
        ):
            return _invalid(f"- input.{name}: Invalid type or too many items\n", "input")
    return None


def _invalid(words: str, where: str) -> Reply:
    fields = [{"type": "required", "field": where, "description": words}]
    return Reply(
        422,
        {
            "detail": words,
            "status": 422,
            "title": "Input validation failed",
            "invalid_fields": fields,
        },
    )
