"""Test runs: one real call with a model, priced and in the ledger like any other."""

import io
import uuid
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.utils.translation import gettext_noop
from PIL import Image, ImageDraw

from providers import prices
from providers.calls import service
from providers.calls.reconcile import TEST_RUN
from providers.enums import Kind
from providers.errors import Forbidden, Invalid
from providers.models import ProviderCall, ProviderModel
from providers.requests import ClipRequest, ImageRequest
from providers.store import media

PROMPT = "A red kite over a green hill in the morning light"
START_IMAGE = "provider-tests/start-1280x720.png"
SECONDS = 2


def request_of(row: ProviderModel) -> ImageRequest | ClipRequest:
    """Return what a test run asks of this model: little, and the same each time."""
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
    raise Invalid(gettext_noop("Only pictures and clips have a test run."), field="model")


def price_of(row: ProviderModel) -> Decimal:
    """Return the price of a test run in USD. Raises `NoPrice`, `Invalid`."""
    return prices.quote(row.provider, request_of(row)).total


def start(row: ProviderModel, *, actor: Any, confirmed: Decimal) -> ProviderCall:
    """Make one call with this model, for at most the confirmed price, and return it.

    Its result is fetched by the periodic task that looks after calls without a job. Raises
    `Forbidden`, `Invalid`, and what `service.advance` raises. Must not run inside a transaction.
    """
    if not actor.is_active or not actor.has_perms(
        ("providers.change_aiproviderconfig", "providers.view_providercall")
    ):
        raise Forbidden(gettext_noop("You may not test a model."))
    request = request_of(row)
    if isinstance(request, ClipRequest) and not media().exists(START_IMAGE):
        media().save(START_IMAGE, ContentFile(_start_image()))
    answer = service.advance(
        request,
        provider=row.provider_id,
        key=f"{TEST_RUN}{uuid.uuid4()}",
        subject="",
        actor=actor,
        price_limit=confirmed,
    )
    return answer.call


def _start_image() -> bytes:
    image = Image.new("RGB", (1280, 720), (150, 190, 230))
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((-300, 420, 1580, 1500), fill=(90, 150, 80))
    drawing.polygon(((640, 120), (720, 220), (640, 360), (560, 220)), fill=(200, 50, 45))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
