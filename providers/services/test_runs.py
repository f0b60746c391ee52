"""Test runs: one real call with a model, priced and in the ledger like any other."""

import io
import uuid
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from django.core.files.base import ContentFile
from django.utils.translation import gettext_noop
from PIL import Image, ImageDraw

from core.clock import DatabaseNow
from providers import ledger, prices
from providers.calls import service
from providers.calls.reconcile import TEST_RUN
from providers.enums import CallState, Kind
from providers.errors import Forbidden, Invalid
from providers.models import ProviderCall, ProviderModel
from providers.requests import ClipRequest, ImageRequest, Request, SpeechRequest
from providers.store import media

from . import money_changes

LIMIT = gettext_noop(
    "This test run costs %(price)s USD and your others of the last day %(spent)s USD, and you may "
    "start %(limit)s USD alone. Nothing was sent."
)
PROMPT = "A red kite over a green hill in the morning light"
type Language = Literal["ko", "en"]

SPOKEN: dict[Language, str] = {
    "en": "The rain had stopped, and the harbour was quiet again.",
    "ko": "비가 그치고, 항구는 다시 조용해졌다.",
}
START_IMAGE = "provider-tests/start-1280x720.png"
SECONDS = 2


def request_of(
    row: ProviderModel, *, voice: str = "", language: Language = "en"
) -> ImageRequest | ClipRequest | SpeechRequest:
    """Return what a test run asks of this model: little, and the same each time.

    Of a model of speech it is a sentence in the language, by the voice, else by the usual one.
    """
    if row.kind == Kind.IMAGE:
        return ImageRequest(prompt=PROMPT, prompt_en=PROMPT, seed=1, model=row.name)
    if row.kind == Kind.CLIP:
        shortest = min(row.durations, default=SECONDS)
        return ClipRequest(
            prompt=PROMPT,
            prompt_en=PROMPT,
            seed=1,
            duration_ms=max(1, shortest) * 1000,
            camera="still",
            image_file=START_IMAGE,
            model=row.name,
        )
    if row.kind == Kind.SPEECH:
        return SpeechRequest(
            text=SPOKEN[language], language=language, voice=voice.strip(), model=row.name
        )
    raise Invalid(
        gettext_noop("Test runs are available only for pictures, clips and speech."), field="model"
    )


def price_of(row: ProviderModel, *, voice: str = "", language: Language = "en") -> Decimal:
    """Return the price of a test run in USD. Raises `NoPrice`, `Invalid`."""
    return prices.quote(row.provider, request_of(row, voice=voice, language=language)).total


def start(
    row: ProviderModel,
    *,
    actor: Any,
    confirmed: Decimal,
    key: uuid.UUID | None = None,
    voice: str = "",
    language: Language = "en",
) -> ProviderCall:
    """Make one call with this model, for at most the confirmed price, and return it.

    With the `key` of an earlier test run that one is returned, and nothing is sent. The result is
    fetched by the periodic task that looks after calls without a job. Raises `Forbidden`,
    `Invalid`, and what `service.advance` raises. Must not run inside a transaction.
    """
    if not actor.is_active or not actor.has_perms(
        ("providers.change_aiproviderconfig", "providers.view_providercall")
    ):
        raise Forbidden(gettext_noop("You may not test a model."))
    request = request_of(row, voice=voice, language=language)
    run = f"{TEST_RUN}{key or uuid.uuid4()}"
    if isinstance(request, ClipRequest) and not media().exists(START_IMAGE):
        media().save(START_IMAGE, ContentFile(_start_image()))
    answer = service.advance(
        request,
        provider=row.provider_id,
        key=run,
        subject="",
        actor=actor,
        price_limit=confirmed,
        require_current=partial(_require_limit, actor, run),
    )
    return answer.call


def made_by(call: ProviderCall) -> str:
    """Return the name of the file that a test run has made; empty for any other call."""
    is_run = call.key.startswith(TEST_RUN) and call.state == CallState.SETTLED
    return str((call.result or {}).get("file", "")) if is_run else ""


def _require_limit(actor: Any, run: str, request: Request, provider: str) -> None:
    """Raise `Forbidden` if the day's test runs cost more than the person may start alone.

    Nobody approves a test run. The service calls this under the lock of the budgets, so that two
    runs do not pass together.
    """
    limit = money_changes.limit_of(actor)
    if limit is None:
        return
    others = ProviderCall.objects.filter(
        actor=actor, key__startswith=TEST_RUN, reserved_at__gt=DatabaseNow(-money_changes.DAY)
    ).exclude(key=run)
    spent = ledger.counted_of(others)
    price = money_changes.highest_price(
        provider,
        request,
        before=money_changes.prices_before(provider, person=actor),
        now=prices.quote(prices.config_of(provider), request).total,
    )
    if spent + price > limit:
        raise Forbidden(LIMIT, price=str(price), spent=str(spent), limit=str(limit))


def _start_image() -> bytes:
    image = Image.new("RGB", (1280, 720), (150, 190, 230))
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((-300, 420, 1580, 1500), fill=(90, 150, 80))
    drawing.polygon(((640, 120), (720, 220), (640, 360), (560, 220)), fill=(200, 50, 45))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
