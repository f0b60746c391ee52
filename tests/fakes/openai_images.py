"""OpenAI's images: the answer is the image in base64, or a link to it; no cost is said."""

import base64
import io
from decimal import Decimal
from typing import Any

from PIL import Image, UnidentifiedImageError

from . import media
from .openai_speech import problem
from .server import Asked, Fake, Reply, multipart

PRICE = Decimal("0.04")
MODELS = {
    "gpt-image-1": ("1024x1024", "1536x1024", "1024x1536", "auto"),
    "dall-e-3": ("1024x1024", "1792x1024", "1024x1792"),
}
FIELDS = {
    *("model", "prompt", "n", "size", "quality", "style", "response_format", "user", "background"),
    *("moderation", "output_compression", "output_format", "partial_images", "stream"),
}


class OpenAIImages(Fake):
    key = "sk-fake-images-0123456789abcdefghijklmnopqrstuvwxyz"
    routes = [
        ("POST", r"/v1/images/generations", "generations"),
        ("POST", r"/v1/images/edits", "edits"),
        ("GET", r"/v1/models", "list_models"),
        ("GET", r"/files/([0-9]+)", "file"),
    ]

    def __init__(self, *, own: bool = False) -> None:
        super().__init__()
        self.own = own  # a server of one's own: no key, any size, a seed

    @property
    def base(self) -> str:
        return f"{self.url}/v1"

    def is_paid(self, asked: Asked) -> bool:
        return asked.path in {"/v1/images/generations", "/v1/images/edits"}

    def _refused(self, asked: Asked, scenario: str) -> Reply | None:
        if not self.own and asked.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "Incorrect API key provided.", code="invalid_api_key")
        answers = {
            "quota": problem(
                429,
                "You exceeded your current quota.",
                kind="insufficient_quota",
                code="insufficient_quota",
            ),
            "limit": problem(
                429, "Rate limit reached.", kind="requests", code="rate_limit_exceeded"
            ),
            "policy": problem(
                400,
                "Your request was rejected by the safety system.",
                kind="image_generation_user_error",
                code="moderation_blocked",
            ),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def generations(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(body.get("prompt", ""))
        if refused := self._refused(asked, scenario) or self._wrong(body):
            return refused
        return self._made(asked, scenario)

    def edits(self, asked: Asked) -> Reply:
        try:
            sent = multipart(asked)
        except ValueError:
            return problem(400, "Invalid content type.")
        files = {name: sent.pop(name, None) for name in ("image", "mask")}
        body: dict[str, Any] = {name: value.decode() for name, value in sent.items()}
        body["n"] = int(body.get("n", 1))
        scenario = self.scenario(body.get("prompt", ""))
        if refused := self._refused(asked, scenario) or self._wrong(body) or _wrong_files(files):
            return refused
        return self._made(asked, scenario)

    def _made(self, asked: Asked, scenario: str) -> Reply:
        number = len(self.charges) + 1
        self.charge(str(number), "image", PRICE, asked)
        if scenario == "bad_file":
            made: Any = {"b64_json": base64.b64encode(b"\x00no picture").decode()}
        elif scenario in {"link", "elsewhere"}:
            host = "https://evil.example" if scenario == "elsewhere" else self.url
            made = {"url": f"{host}/files/{number}"}
        else:
            content = media.picture(160, 90, number)
            made = {"b64_json": base64.b64encode(content).decode()}
        data = [] if scenario == "no_data" else [made]
        return self.twisted(scenario, Reply(200, {"created": 1, "data": data}))

    def _wrong(self, body: dict[str, Any]) -> Reply | None:
        if self.own:
            return None
        if unknown := set(body) - FIELDS:
            return problem(400, f"Unknown parameter: '{min(unknown)}'.", code="unknown_parameter")
        if body.get("model") not in MODELS:
            return problem(404, "The model does not exist.", code="model_not_found")
        if not body.get("prompt") or body.get("n", 1) != 1:
            return problem(400, "prompt or n")
        if body.get("size") not in MODELS[body["model"]]:
            return problem(400, f"Invalid value: '{body.get('size')}'.", code="invalid_value")
        return None

    def file(self, _asked: Asked, number: str) -> Reply:
        return Reply(200, media.picture(160, 90, int(number)), {"Content-Type": "image/png"})

    def list_models(self, asked: Asked) -> Reply:
        return self._refused(asked, "") or Reply(
            200, {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]}
        )


def _wrong_files(files: dict[str, bytes | None]) -> Reply | None:
    """The picture is there, and the mask is a PNG of its size with an alpha channel."""
    if not files["image"]:
        return problem(400, "image is required")
    try:
        picture = Image.open(io.BytesIO(files["image"]))
        mask = Image.open(io.BytesIO(files["mask"])) if files["mask"] else None
    except UnidentifiedImageError:
        return problem(400, "Invalid image file.")
    if mask is not None and (mask.size != picture.size or mask.mode != "RGBA"):
        return problem(400, "Invalid mask image: its size or its alpha channel.")
    return None
