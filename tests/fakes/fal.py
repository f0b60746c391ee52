"""fal: a queue of requests, their results, and the platform's prices, balance and list."""

import base64
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from . import media
from .server import Asked, Fake, Reply

# What each model makes, the price of an output or of a second of it, and the inputs that must be
# there.
MODELS: dict[str, tuple[str, Decimal, list[str]]] = {
    "fal-ai/flux/schnell": ("image", Decimal("0.003"), ["prompt"]),
    "fal-ai/nano-banana-2/edit": ("image", Decimal("0.08"), ["prompt", "image_urls"]),
    "fal-ai/kling-video/v2.5-turbo/pro/image-to-video": (
        "clip",
        Decimal("0.07"),
        ["prompt", "image_url"],
    ),
    "fal-ai/kling-video/o3/4k/image-to-video": ("clip", Decimal("0.42"), ["image_url"]),
    "fal-ai/veo3/image-to-video": ("clip", Decimal("0.20"), ["prompt", "image_url"]),
    "fal-ai/veo3.1/reference-to-video": ("clip", Decimal("0.20"), ["prompt", "image_urls"]),
    "fal-ai/topaz/upscale/image": ("image", Decimal("0.08"), ["image_url"]),
    "fal-ai/bytedance-upscaler/upscale/video": ("clip", Decimal("0.0072"), ["video_url"]),
}
LISTS = frozenset({"image_urls"})
SIZES = frozenset({"landscape_16_9", "portrait_16_9", "square_hd", "landscape_4_3"})
UPLOADING = frozenset({"/storage/auth/token", "/files/upload"})
MOST_DATA_URI = 10 * 1000 * 1000  # characters; what fal's developers say of a larger one
TOKEN = "token-of-an-hour"
BALANCE = Decimal(100)
DENIED = {"detail": "Authentication is required to access this application."}
LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at "
    "fal.ai/dashboard/billing."
}
FLAGGED = {
    "loc": ["body", "prompt"],
    "msg": "The content could not be processed because it was flagged by a content checker.",
    "type": "content_policy_violation",
    "url": "https://docs.fal.ai/errors#content_policy_violation",
    "input": {},
}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Made:
    id: str
    model: str
    input: dict[str, Any]
    scenario: str
    sent_at: str = field(default_factory=now)
    polls: int = 0
    status: str = "IN_QUEUE"
    cancelled: bool = False

    @property
    def path(self) -> str:
        """Of the model, its first two parts alone."""
        return "/".join(self.model.split("/")[:2])


class Fal(Fake):
    key = "5f0c2e5a-1d1b-4a57-9f0e-000000000001:0123456789abcdef0123456789abcdef"
    routes = [
        ("GET", r"/v1/models/pricing", "pricing"),
        ("GET", r"/v1/models/requests/by-endpoint", "listed"),
        ("GET", r"/v1/account/billing", "billing"),
        ("POST", r"/storage/auth/token", "token"),
        ("POST", r"/files/upload", "upload"),
        ("GET", r"/files/([^/]+)/.*", "file"),
        ("GET", r"/([^/]+/[^/]+)/requests/([^/]+)/status", "state"),
        ("GET", r"/([^/]+/[^/]+)/requests/([^/]+)", "result"),
        ("PUT", r"/([^/]+/[^/]+)/requests/([^/]+)/cancel", "cancel"),
        ("POST", r"/(.+)", "submit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, Made] = {}
        self.tells_balance = True  # not to a key for the models alone
        self.uploads: dict[str, bytes] = {}  # by their address

    def is_paid(self, asked: Asked) -> bool:
        return asked.path not in {"/_control", *UPLOADING}

    def missing(self, asked: Asked) -> Reply:
        return Reply(404, {"detail": f"Path {asked.path} not found"})

    def _unauthorized(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == f"Key {self.key}":
            return None
        return Reply(401, DENIED)

    # --- files that are put there

    def token(self, asked: Asked) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        if asked.query.get("storage_type") != "fal-cdn-v3":
            return Reply(422, {"detail": "storage_type"})
        expires = datetime.now(UTC) + timedelta(hours=1)
        told = {"token": TOKEN, "token_type": "Bearer", "base_url": self.url}
        return Reply(200, told | {"expires_at": expires.isoformat()})

    def upload(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, DENIED)
        name = asked.headers.get("x-fal-file-name", "file")
        address = f"{self.url}/files/b/{uuid.uuid4().hex}/{name}"
        self.uploads[address] = asked.body
        return Reply(200, {"access_url": address})

    # --- the queue

    def submit(self, asked: Asked, model: str) -> Reply:
        given = asked.json
        scenario = self.scenario(str(given.get("prompt", "")))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        if model not in MODELS:
            return Reply(404, {"detail": f"Application '{model}' not found"})
        if not re.fullmatch(r"\d+(\.\d+)?", asked.headers.get("x-fal-request-timeout", "60")):
            return Reply(422, {"detail": "Invalid X-Fal-Request-Timeout"})
        made = Made(str(uuid.uuid4()), model, given, scenario)
        with self.lock:
            self.made[made.id] = made
            if not self._wrong(made):
                self.charge(made.id, model, self._price(made), asked)
        if scenario == "no_id":
            return Reply(200, {"status": "IN_QUEUE"})
        answer = self._status(made) | {"gateway_request_id": made.id}
        if scenario == "no_urls":
            answer = {"request_id": made.id}
        return self.twisted(scenario, Reply(200, answer))

    def _price(self, made: Made) -> Decimal:
        kind, price, _ = MODELS[made.model]
        if "veo3" in made.model and made.input.get("generate_audio", True):
            price *= 2  # with sound, which is made unless told otherwise
        seconds = str(made.input.get("duration", 5)).removesuffix("s")
        return price * int(seconds) if kind == "clip" else price

    def _trouble(self, scenario: str) -> Reply | None:
        answers = {
            "no_credits": Reply(403, LOCKED),
            "bad_key": Reply(401, DENIED),
            "no_model": Reply(403, {"detail": "You do not have access to this model."}),
            "limit": Reply(429, {"detail": "Too many requests."}),
            "limit_header": Reply(429, {"detail": "Too many requests."}, {"Retry-After": "7"}),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def _wrong(self, made: Made) -> list[dict[str, Any]]:
        """What a model says of its inputs: the queue takes any."""
        given = made.input
        wrong = [
            {"loc": ["body", name], "msg": "Field required", "type": "missing", "input": {}}
            for name in MODELS[made.model][2]
            if name not in given
        ]
        wrong += [
            {"loc": ["body", name], "msg": "Input should be a valid list", "type": "list"}
            for name in LISTS & given.keys()
            if not isinstance(given[name], list)
        ]
        for name, value in given.items():
            places = value if isinstance(value, list) else [value]
            if name.endswith(("_url", "_urls")) and not all(map(self._is_had, places)):
                wrong.append(
                    {"loc": ["body", name], "msg": "Failed to download", "type": "file_download"}
                )
        if given.get("image_size", "landscape_16_9") not in SIZES:
            wrong.append({"loc": ["body", "image_size"], "msg": "Not a size", "type": "enum"})
        return wrong

    def _is_had(self, place: Any) -> bool:
        """A file that was put here, or a data URI that a request may hold."""
        if str(place).startswith("data:"):
            return len(place) <= MOST_DATA_URI
        return place in self.uploads

    def _found(self, asked: Asked, app: str, name: str) -> Made | Reply:
        if refused := self._unauthorized(asked):
            return refused
        made = self.made.get(name)
        if made is None or made.scenario == "deleted" or made.path != app:
            return Reply(404, {"detail": "Request not found"})
        return made

    def state(self, asked: Asked, app: str, name: str) -> Reply:
        made = self._found(asked, app, name)
        if isinstance(made, Reply):
            return made
        made.polls += 1
        if made.scenario == "busy_polls" and made.polls < 3:
            return Reply(503, {"detail": "Service unavailable"})
        if made.scenario == "key_gone":
            return Reply(401, DENIED)
        if made.status != "COMPLETED":
            made.status = ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"][min(made.polls - 1, 2)]
        answer = self._status(made)
        if made.scenario == "new_state" and made.polls < 3:
            made.status = "IN_PROGRESS"
            answer["status"] = "DREAMING"
        if made.scenario == "lower_status":
            answer["status"] = str(answer["status"]).lower()
        return Reply(200 if made.status == "COMPLETED" else 202, answer)

    def _status(self, made: Made) -> dict[str, Any]:
        place = f"{self.url}/{made.path}/requests/{made.id}"
        answer: dict[str, Any] = {
            "status": made.status,
            "request_id": made.id,
            "response_url": place,
            "status_url": f"{place}/status",
            "cancel_url": f"{place}/cancel",
            "logs": None,
            "metrics": {},
        }
        if made.status == "IN_QUEUE":
            answer["queue_position"] = 0
        if made.status == "COMPLETED":
            answer["metrics"] = {"inference_time": 4.125}
            end = self._ended(made)
            if end is not None and made.scenario != "silent_failure":
                status, body = end
                answer["error"] = f"Invalid status code: {status}"
                answer["error_type"] = body.get("error_type") or "bad_request"
        return answer

    def _ended(self, made: Made) -> tuple[int, dict[str, Any]] | None:
        """The status and the body of a request that failed; None for one that did not."""
        if made.cancelled:
            return 499, {"detail": "Request was cancelled.", "error_type": "client_cancelled"}
        if wrong := self._wrong(made):
            return 422, {"detail": wrong}
        failed: dict[str, tuple[int, dict[str, Any]]] = {
            "failed": (500, {"detail": "It failed.", "error_type": "internal_error"}),
            "silent_failure": (500, {"detail": [{"msg": "It failed.", "type": "internal"}]}),
            "timeout": (504, {"detail": "Request timed out", "error_type": "request_timeout"}),
            "nsfw": (422, {"detail": [FLAGGED]}),
        }
        return failed.get(made.scenario)

    def result(self, asked: Asked, app: str, name: str) -> Reply:
        made = self._found(asked, app, name)
        if isinstance(made, Reply):
            return made
        if made.status != "COMPLETED":
            return Reply(400, {"detail": "Request is still in progress"})
        if end := self._ended(made):
            status, body = end
            if status >= 500:
                self.charges[made.id].usd = Decimal(0)
            kind = {"X-Fal-Error-Type": body["error_type"]} if "error_type" in body else {}
            return Reply(status, body, {"X-Fal-Request-Id": made.id, **kind})
        if made.scenario == "busy_result" and made.polls < 5:
            made.polls += 1
            return Reply(503, b"<html>nginx</html>", {"Content-Type": "text/html"})
        if made.scenario == "expired":
            return Reply(404, {"detail": "Request not found"})
        return Reply(200, self._output(made))

    def _output(self, made: Made) -> dict[str, Any]:
        kind = MODELS[made.model][0]
        url = f"{self.url}/files/{made.id}/out.{'mp4' if kind == 'clip' else 'png'}"
        answer = {"url": url, "content_type": "video/mp4" if kind == "clip" else "image/png"}
        uri = "data:image/png;base64," + base64.b64encode(media.picture(320, 180, 3)).decode()
        usual: dict[str, Any] = (
            {"video": answer}
            if kind == "clip"
            else {
                "images": [answer | {"width": 320, "height": 180}],
                "seed": made.input.get("seed"),
            }
        )
        odd: dict[str, dict[str, Any]] = {
            "one_image": {"image": answer},
            "text_output": {"images": url},
            "data_output": {"images": [{"url": uri, "content_type": "image/png"}]},
            "other_field": {"output": {"result": [answer]}, "note": "https://example.com/other"},
            "words_first": {"prompt": "see https://example.com/a.png", "images": [answer]},
            "flagged_output": {"images": [answer], "has_nsfw_concepts": [True]},
            "no_file": {"images": [], "description": "just words"},
            "evil_link": {"images": [{"url": "http://169.254.169.254/latest"}]},
            "nulls": {"images": [answer], "seed": None, "timings": None, "has_nsfw_concepts": None},
            "odd_types": {"images": [answer], "seed": "7", "has_nsfw_concepts": "no"},
        }
        return odd.get(made.scenario, usual)

    def cancel(self, asked: Asked, app: str, name: str) -> Reply:
        made = self._found(asked, app, name)
        if isinstance(made, Reply):
            return Reply(404, {"status": "NOT_FOUND"}) if made.status == 404 else made
        if made.status == "COMPLETED":
            return Reply(400, {"status": "ALREADY_COMPLETED"})
        made.status, made.cancelled = "COMPLETED", True
        return Reply(202, {"status": "CANCELLATION_REQUESTED"})

    def file(self, asked: Asked, name: str) -> Reply:
        made = self.made[name]
        if MODELS[made.model][0] == "image":
            return Reply(200, media.picture(320, 180, 3), {"Content-Type": "image/png"})
        seconds = int(str(made.input.get("duration", 5)).removesuffix("s"))
        return Reply(200, media.clip(seconds), {"Content-Type": "video/mp4"})

    # --- the platform

    def _platform_unauthorized(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == f"Key {self.key}":
            return None
        error = {"type": "authorization_error", "message": "Invalid API key"}
        return Reply(401, {"error": error})

    def pricing(self, asked: Asked) -> Reply:
        if refused := self._platform_unauthorized(asked):
            return refused
        names = unquote(asked.query.get("endpoint_id", "")).split(",")
        units = {"image": "images", "clip": "seconds"}
        return Reply(
            200,
            {
                "prices": [
                    {
                        "endpoint_id": name,
                        "unit_price": float(MODELS[name][1]),
                        "unit": units[MODELS[name][0]],
                        "currency": "USD",
                    }
                    for name in names
                    if name in MODELS
                ],
                "next_cursor": None,
                "has_more": False,
            },
        )

    def billing(self, asked: Asked) -> Reply:
        if refused := self._platform_unauthorized(asked):
            return refused
        if not self.tells_balance:
            error = {"type": "authorization_error", "message": "The key may not read billing"}
            return Reply(403, {"error": error})
        credits_ = {"current_balance": float(BALANCE - self.charged), "currency": "USD"}
        return Reply(200, {"username": "videoplanet", "credits": credits_})

    def listed(self, asked: Asked) -> Reply:
        if refused := self._platform_unauthorized(asked):
            return refused
        since, model = asked.query.get("start", ""), unquote(asked.query.get("endpoint_id", ""))
        newest = sorted(self.made.values(), key=lambda made: made.sent_at, reverse=True)
        return Reply(
            200,
            {
                "items": [
                    {
                        "request_id": made.id,
                        "endpoint_id": made.model,
                        "sent_at": made.sent_at,
                        "started_at": made.sent_at,
                        "ended_at": now(),
                        "status_code": 200,
                        "duration": 4.1,
                        "json_input": made.input,
                        "json_output": {},
                    }
                    for made in newest
                    if made.model == model and made.sent_at >= since
                ],
                "next_cursor": None,
                "has_more": False,
            },
        )
