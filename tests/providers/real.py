"""A real adapter before its fake provider: configured as in production but for the address."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from providers import requests as asked
from providers.calls import Pending, Ready, advance
from providers.errors import NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.requests import ClipRequest, ImageRequest, Request, TextRequest
from tests.fakes import media
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.llm import COMPLETION_PRICE, PROMPT_PRICE, Llm
from tests.fakes.openai_speech import OpenAISpeech
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import Fake
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock

SCRIPT = "새벽에 소녀가 걸었다. 비가 왔다. 등대가 보였다. 할아버지가 웃었다."
IMAGE = ImageRequest(
    prompt="밤바다의 등대",
    prompt_en="a lighthouse at the sea by night",
    style="watercolour",
    seed=7,
)
CLIP = ClipRequest(
    prompt="밤바다의 등대",
    prompt_en="a lighthouse at the sea by night",
    seed=7,
    duration_ms=4000,
    image_file="scene.png",
)
PLAN = TextRequest(task="plan_story", script=SCRIPT, scenes=2, language="ko")
KEYS = {
    "runway_ml": Runway.key,
    "stability_ai": Stability.key,
    "replicate": Replicate.key,
    "llm": Llm.key,
    "elevenlabs": ElevenLabs.key,
    "openai_speech": OpenAISpeech.key,
}


@dataclass
class Real:
    provider: str
    fake: Fake
    clock: Clock | None = None

    @property
    def config(self) -> AIProviderConfig:
        return AIProviderConfig.objects.get(provider=self.provider)

    def expect(self, scenario: str) -> None:
        """The next piece of work goes so. Only an answer that is to come too late has a short time
        to come: a busy machine may need more than that for any other.
        """
        self.fake.expect(scenario, times=1)
        if scenario == "slow":
            config = self.config
            config.settings["send_timeout"] = 2
            config.save(update_fields=["settings"])

    def go(self, request: Request, key: str = "k", **more: Any) -> Ready | Pending:
        return advance(request, provider=self.provider, key=key, subject="story", item=key, **more)

    def finish(self, request: Request, key: str = "k", **more: Any) -> ProviderCall:
        """Ask again whenever it is time; the call as it stands at the end, whatever that is."""
        for _ in range(30):
            try:
                answer = self.go(request, key, **more)
            except (Refused, Unclear, NotNow):
                break
            if isinstance(answer, Ready):
                break
            if self.clock:
                self.clock.ahead += max(timedelta(0), answer.until - timezone.now()) + timedelta(
                    milliseconds=5
                )
        return ProviderCall.objects.filter(key=key).latest("attempt_no")

    def ends(self, request: Request, *, state: str, refusal: str, cost: str, paid: int) -> None:
        """The call ends in this state and at this cost ("price": what it was estimated at; "": not
        known), the books agree with what the provider has charged, and what is unclear is not sent
        again.
        """
        call = self.finish(request)
        wanted = call.estimate if cost == "price" else Decimal(cost) if cost else None
        assert (call.state, call.refusal, call.cost) == (state, refusal, wanted)
        assert (self.fake.paid, max(self.fake.posts.values(), default=0)) == (paid, 1)
        if state == "unclear":
            assert call.counted >= self.fake.charged
            assert self.finish(request).state == "unclear"
            assert sum(self.fake.posts.values()) == 1
        else:
            assert call.cost == self.fake.charged


def configure(provider: str, fake: Fake, **changes: Any) -> None:
    """Active, at the fake's address, asked for without a pause, and all the prices that the fakes
    charge.
    """
    base = fake.base if isinstance(fake, Replicate | Llm | OpenAISpeech) else fake.url
    settings = AIProviderConfig.objects.get(provider=provider).settings | {
        "poll_seconds": 0,
        "send_timeout": 30,
        "result_hosts": ["127.0.0.1"],
    }
    if provider == "llm":
        settings["default_model"] = "planner-1"
    values = {
        "is_active": True,
        "base_url": base,
        "rate_limit_per_minute": None,
        "rate_limit_per_hour": None,
        "cost_per_text_call": Decimal("0.05"),
    }
    AIProviderConfig.objects.filter(provider=provider).update(
        **(values | {"settings": settings | changes.pop("settings", {})} | changes)
    )
    ProviderModel.objects.filter(name="black-forest-labs/flux-schnell").update(
        price=Decimal("0.003")
    )
    ProviderModel.objects.filter(name="bytedance/seedance-1-pro").update(price=Decimal("0.06"))
    ProviderModel.objects.filter(name="bytedance/seedream-4").update(price=Decimal("0.03"))
    ProviderModel.objects.filter(name="black-forest-labs/flux-kontext-pro").update(
        price=Decimal("0.04")
    )
    if provider == "llm":
        prices = {
            "usd_per_million_prompt_tokens": float(PROMPT_PRICE),
            "usd_per_million_completion_tokens": float(COMPLETION_PRICE),
        }
        ProviderModel.objects.update_or_create(
            provider_id="llm",
            name="planner-1",
            kind="text",
            defaults={"unit": "call", "is_default": True, "options": prices},
        )


def put_picture(name: str = "scene.png", content: bytes | None = None) -> str:
    storages["media"].save(name, ContentFile(content or media.picture(320, 180)))
    return name


def specs(name: str) -> Path | None:
    """An official specification, when the folder with them lies beside the project."""
    import os

    root = Path(
        os.environ.get("PROVIDER_SPECS")
        or Path(__file__).resolve().parents[3] / "shared" / "provider-specs"
    )
    return root / name if (root / name).is_file() else None


def stored(call: ProviderCall) -> bytes:
    assert call.result is not None
    with storages["media"].open(call.result["file"]) as file:
        content: bytes = file.read()
    return content


def request_of(call: ProviderCall) -> Request:
    return asked.from_json(call.request)
