"""Bulk actions on selected scenes: approve, delete, restore, set length or camera.

All can be undone.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from core.localized_messages import sentence_of
from core.numbers import amount
from stories.enums import ReviewStatus
from stories.errors import Conflict, Invalid
from stories.models import Scene, Story
from stories.services import scenes, takes
from stories.services.scene_cast import with_cast

from .form_values import values_of
from .responses import errors_as_responses, respond, updated_cards
from .undo import UndoAction

type Done = tuple[str, UndoAction | None]
SETTABLE = ("camera", "duration_seconds")


@require_POST
@errors_as_responses
def many(request: HttpRequest, story: Story) -> HttpResponse:
    """Apply an action to all selected scenes or to none. Errors name the scene by its number."""
    ids = _ids(request.POST.getlist("scene"))
    do = MANY.get(request.POST.get("do", ""))
    if do is None:
        raise Http404
    if not ids:
        raise Invalid(gettext_noop("Select at least one scene."), field="scene")
    found = list(
        Scene.objects.filter(story=story, pk__in=ids)
        .select_related("prompt", "image_take", "clip_take")
        .prefetch_related(with_cast())
        .order_by("position", "id")
    )
    with transaction.atomic():
        message, offer = do(request, story, found)
    return respond(
        request,
        story,
        updated_cards(request, story, ids, with_order=True, message=message, offer=offer),
    )


def _ids(values: list[str]) -> list[UUID]:
    try:
        return list(dict.fromkeys(UUID(value) for value in values))
    except ValueError:
        raise Invalid(gettext_noop("There is no such scene."), field="scene") from None


def _each(found: Iterable[Scene], act: Callable[[Scene], Any]) -> None:
    """Apply `act` to each scene. Raises Invalid or Conflict that names the scene."""
    for scene in found:
        try:
            act(scene)
        except (Invalid, Conflict) as error:
            raise type(error)(
                gettext_noop("Scene %(number)s: %(why)s Nothing was changed."),
                number=scene.position,
                why=sentence_of(error),
            ) from error


def _offer(
    label: str, story: Story, do: str, found: list[Scene], *fields: tuple[str, str]
) -> UndoAction:
    return UndoAction(
        label,
        reverse("admin:board_many", args=[story.pk]),
        [("do", do), *(("scene", scene.key) for scene in found), *fields],
    )


def _delete(request: HttpRequest, story: Story, found: list[Scene]) -> Done:
    # Last first, so that positions stay valid.
    _each(reversed(found), lambda scene: scenes.delete(scene.pk, actor=request.user))
    message = ngettext(
        "%(count)s scene deleted. Its takes are kept.",
        "%(count)s scenes deleted. Their takes are kept.",
        len(found),
    ) % {"count": len(found)}
    return message, _offer(_("Undo"), story, "restore", found)


def _restore(request: HttpRequest, story: Story, found: list[Scene]) -> Done:
    _each(found, lambda scene: scenes.restore(scene.pk, actor=request.user))
    message = ngettext("%(count)s scene is back.", "%(count)s scenes are back.", len(found)) % {
        "count": len(found)
    }
    return message, _offer(_("Undo"), story, "delete", found)


def _approve(request: HttpRequest, story: Story, found: list[Scene]) -> Done:
    chosen = [
        take
        for scene in found
        for take in (scene.image_take, scene.clip_take)
        if take and take.review_status == ReviewStatus.UNREVIEWED
    ]
    for take in chosen:
        takes.review_take(take.pk, review_status=ReviewStatus.APPROVED, actor=request.user)
    undo = (
        _offer(_("Undo"), story, "unjudge", found, *(("take", str(take.pk)) for take in chosen))
        if chosen
        else None
    )
    return ngettext("%(count)s take approved.", "%(count)s takes approved.", len(chosen)) % {
        "count": len(chosen)
    }, undo


def _unjudge(request: HttpRequest, _story: Story, found: list[Scene]) -> Done:
    """Undo the approvals that were just given."""
    asked = set(request.POST.getlist("take"))
    given = [
        take
        for scene in found
        for take in (scene.image_take, scene.clip_take)
        if take and str(take.pk) in asked and take.review_status == ReviewStatus.APPROVED
    ]
    for take in given:
        takes.review_take(take.pk, review_status=ReviewStatus.UNREVIEWED, actor=request.user)
    return ngettext("%(count)s verdict cleared.", "%(count)s verdicts cleared.", len(given)) % {
        "count": len(given)
    }, None


def _set(request: HttpRequest, story: Story, found: list[Scene]) -> Done:
    values = values_of(request, tuple(name for name in SETTABLE if request.POST.get(name)))
    if not values:
        raise Invalid(gettext_noop("Choose a camera or a length first."), field="camera")
    before = _as_they_are(found)
    _each(found, lambda scene: scenes.edit(scene.pk, actor=request.user, **values))
    message = ngettext("%(count)s scene changed.", "%(count)s scenes changed.", len(found)) % {
        "count": len(found)
    }
    return message, _offer(_("Undo"), story, "set_back", found, *before)


def _as_they_are(found: list[Scene]) -> list[tuple[str, str]]:
    return [
        ("was", f"{scene.key}:{scene.prompt.camera}:{scene.duration_seconds}") for scene in found
    ]


def _set_back(request: HttpRequest, story: Story, found: list[Scene]) -> Done:
    """Restore the camera and length of each scene."""
    known = dict(
        text.split(":", 1)
        for text in request.POST.getlist("was")
        if text.count(":") == len(SETTABLE)
    )
    before = _as_they_are(found)

    def back(scene: Scene) -> None:
        camera, seconds = known.get(
            scene.key, f"{scene.prompt.camera}:{scene.duration_seconds}"
        ).split(":")
        length = float(amount(seconds) or 0)
        scenes.edit(scene.pk, actor=request.user, camera=camera, duration_seconds=length)

    _each(found, back)
    message = ngettext(
        "The change to %(count)s scene is undone.",
        "The changes to %(count)s scenes are undone.",
        len(found),
    ) % {"count": len(found)}
    return message, _offer(_("Undo"), story, "set_back", found, *before)


MANY: dict[str, Callable[[HttpRequest, Story, list[Scene]], Done]] = {
    "delete": _delete,
    "restore": _restore,
    "approve": _approve,
    "unjudge": _unjudge,
    "set": _set,
    "set_back": _set_back,
}
