"""The page on which a take is edited: changed, upscaled, extended, or a draft finished."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from core.admin.display import money
from core.localized_messages import DomainError
from core.numbers import amount, whole_number
from providers.edits import PARTS
from providers.requests import MaskShape
from stories.enums import EditTask
from stories.errors import Invalid
from stories.models import Story, Take
from stories.services.edit_generation import edit_take
from stories.services.edit_plan import LEAST_SECONDS, MOST_SECONDS, USUAL_SECONDS, offers
from stories.services.generation import why_closed
from stories.services.permissions import is_story_owner

from . import layout
from .cards import thumb_url
from .responses import errors_as_responses, status_of

SIDES = ("left", "top", "width", "height")
MOST_MASK = 200_000  # characters of a drawn mask
TYPED = ("words", "words_en", "mask", "seconds", "reason", *(f"mask_{side}" for side in SIDES))


@require_http_methods(["GET", "POST"])
@errors_as_responses
def edit(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Show what can be done with the take at which price, and start it.

    What was refused is shown with the words of the refusal, and what was typed stays.
    """
    take = get_object_or_404(
        Take.objects.select_related("scene__story", "prompt"),
        pk=take_id,
        scene__story=story,
        scene__deleted_at=None,
    )
    if request.method == "GET":
        return _page(request, story, take)
    try:
        start = edit_take(take.pk, actor=request.user, ask_again=True, **_wanted(request))
        start.require()
    except DomainError as error:
        return _page(request, story, take, error=error)
    words = _("The take is being edited for %(price)s.") % {"price": money(start.total)}
    messages.success(request, words)
    back = reverse("admin:board_scene", args=[story.pk, take.scene_id])
    return HttpResponseRedirect(f"{back}?kind={take.kind}")


def _page(
    request: HttpRequest, story: Story, take: Take, error: DomainError | None = None
) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    seconds = whole_number(sent.get("seconds", "")) or USUAL_SECONDS
    seconds = min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
    found = offers(take, seconds=seconds)
    scene = take.scene
    back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + f"?kind={take.kind}"
    values: dict[str, Any] = {
        "take": take,
        "scene": scene,
        "tasks": [
            (task, [offer for offer in found if offer.plan.order.task == task])
            for task in EditTask
            if any(offer.plan.order.task == task for offer in found)
        ],
        "check": found[0].plan.check if found else None,
        "large": thumb_url(take, 1280),
        "back": back,
        "error": error,
        "task": sent.get("task", ""),
        "typed": {name: sent.get(name, "") for name in TYPED} | {"seconds": seconds},
        "may": is_story_owner(request.user, story),
        "closed": why_closed(story, take.kind),
        "least": LEAST_SECONDS,
        "most": MOST_SECONDS,
    }
    title = _("Edit a take of scene %(number)s") % {"number": scene.position}
    context = layout.context(request, story, **values, title=title)
    status = HTTPStatus.OK if error is None else status_of(error)
    return render(request, "board/edit_take.html", context, status=status)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """The order of the form. Raises Invalid."""
    sent = request.POST
    shown, _space, maker = sent.get("offer", "").partition(" ")
    if (price := amount(shown)) is None:
        raise Invalid(gettext_noop("Confirm the price first."), field="offer")
    provider, _colon, model = maker.partition(":")
    task = sent.get("task", "")
    extends = task == EditTask.EXTEND
    return {
        "task": task,
        "words": sent.get("words", ""),
        "words_en": sent.get("words_en", ""),
        "mask": _mask(request),
        "seconds": whole_number(sent.get("seconds", "")) or 0 if extends else None,
        "provider": provider,
        "model": model,
        "reason": sent.get("reason", "")[:200],
        "confirm_total": price,
    }


def _mask(request: HttpRequest) -> list[MaskShape]:
    """What was drawn, and the rectangle by numbers in percent. Raises Invalid."""
    shapes: list[MaskShape] = []
    if drawn := request.POST.get("mask", "").strip():
        try:
            if len(drawn) > MOST_MASK:
                raise msgspec.DecodeError
            shapes += msgspec.json.decode(drawn, type=list[MaskShape])
        except msgspec.MsgspecError:
            raise Invalid(
                gettext_noop("The mask cannot be read. Draw it again."), field="mask"
            ) from None
    texts = [request.POST.get(f"mask_{side}", "").strip() for side in SIDES]
    if not any(texts):
        return shapes
    left, top, width, height = (
        _percent(text, side) for text, side in zip(texts, SIDES, strict=True)
    )
    shapes.append(MaskShape([(left, top), (min(left + width, PARTS), min(top + height, PARTS))]))
    return shapes


def _percent(text: str, side: str) -> int:
    """A percentage in thousandths. Raises Invalid."""
    number = whole_number(text)
    if number is None or not 0 <= number <= 100:  # noqa: PLR2004  percent
        raise Invalid(
            gettext_noop("Give all four sides of the rectangle as numbers from 0 to 100."),
            field=f"mask_{side}",
        )
    return number * PARTS // 100
