"""Actions on scenes: edit, insert, duplicate, split, merge, delete, restore."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.numbers import whole_number
from core.sentences import sentences
from stories.enums import Camera
from stories.errors import FieldConflict, Forbidden, Invalid
from stories.models import Scene, Story
from stories.services import scene_order, scene_splits, scenes
from stories.services.scene_order import Move
from stories.services.scene_values import fingerprint

from . import layout
from .cards import EDITABLE
from .form_values import values_of
from .responses import (
    BoardUpdate,
    board_url,
    errors_as_responses,
    is_live,
    move_fields,
    respond,
    scene_or_404,
    updated_cards,
)
from .undo import UndoAction

UNDO_SALT = "stories.web.undo"
IN_FORM = (*EDITABLE, "text_en", "negative", "style", "seed")
LONG_TEXTS = ("narration", "text", "text_en", "negative")


@require_POST
@errors_as_responses
def edit(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Save the edited fields.

    If somebody else changed them meanwhile, their text is shown beside the user's, and both are
    kept.
    """
    scene = scene_or_404(story, scene_id)
    back = request.POST.get("back", "")
    seen = {
        name: request.POST[f"seen_{name}"] for name in IN_FORM if f"seen_{name}" in request.POST
    }
    # A page sends the whole form with the edited field. Only fields that come with a fingerprint
    # are saved.
    names = tuple(name for name in IN_FORM if name in seen) or tuple(
        name for name in IN_FORM if name in request.POST
    )
    if scene.deleted_at is not None:
        return _gone(request, story, scene, names)
    try:
        scenes.edit(scene.pk, actor=request.user, seen=seen, **values_of(request, names))
    except Forbidden:
        raise
    except FieldConflict as conflict:
        return _beside(
            request, story, scene, str(conflict), theirs=conflict.theirs, status=HTTPStatus.CONFLICT
        )
    except Invalid as error:
        return _beside(
            request,
            story,
            scene,
            str(error),
            field=error.field,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    update = updated_cards(
        request,
        story,
        [scene.pk],
        message="" if is_live(request) else _("Saved."),
        focus=str(scene.pk),
    )
    return respond(request, story, update, back=_own(back, story, scene))


def _gone(request: HttpRequest, story: Story, scene: Scene, names: tuple[str, ...]) -> HttpResponse:
    """Report that the scene was deleted.

    The typed text is not saved but stays in the form, and the scene can be restored.
    """
    message = _("Somebody deleted this scene meanwhile. Your text is kept here.")
    values: dict[str, Any] = {
        "story": story,
        "scene": scene,
        "message": message,
        "fields": {},
        "names": names,
        "is_gone": True,
    }
    values["restore_url"] = reverse("admin:board_act", args=[story.pk, scene.pk, "restore"])
    if is_live(request):
        return render(request, "board/beside.html", values, status=HTTPStatus.CONFLICT)
    written = {name: request.POST[name] for name in names if name in request.POST}
    values |= {
        "title": _("Scene %(number)s") % {"number": scene.position},
        "written": written,
        "cameras": Camera.choices,
        "long_texts": LONG_TEXTS,
    }
    return render(
        request,
        "board/edit.html",
        layout.context(request, story, **values),
        status=HTTPStatus.CONFLICT,
    )


def _own(back: str, story: Story, scene: Scene) -> str:
    """The scene's own page if the form is on it. No other URL is accepted from a form."""
    return reverse("admin:board_scene", args=[story.pk, scene.pk]) if back == "scene" else ""


def _beside(
    request: HttpRequest,
    story: Story,
    scene: Scene,
    message: str,
    *,
    field: str = "",
    theirs: dict[str, str] | None = None,
    status: HTTPStatus,
) -> HttpResponse:
    """Show the error beside its field.

    Without JavaScript: the form again, with the user's text and the current one.
    """
    theirs = theirs or {}
    shown = {
        name: Camera(text).label if name == "camera" else text for name, text in theirs.items()
    }
    now = {name: (fingerprint(text), text, shown[name]) for name, text in theirs.items()}
    values: dict[str, Any] = {
        "story": story,
        "scene": scene,
        "message": message,
        "fields": now,
        "field": field,
        "names": [*theirs] or [field],
    }
    if is_live(request):
        return render(request, "board/beside.html", values, status=status)
    written = {name: request.POST[name] for name in IN_FORM if name in request.POST}
    values |= {
        "title": _("Scene %(number)s") % {"number": scene.position},
        "written": written,
        "cameras": Camera.choices,
        "long_texts": LONG_TEXTS,
    }
    return render(
        request, "board/edit.html", layout.context(request, story, **values), status=status
    )


@require_http_methods(["GET", "POST"])
@errors_as_responses
def insert(request: HttpRequest, story: Story) -> HttpResponse:
    """Insert a new scene after `after`, or at the beginning."""
    after = _neighbour(story, request)
    values: dict[str, Any] = {
        "story": story,
        "after": after,
        "cameras": Camera.choices,
        "written": {},
        "back": board_url(story.pk),
    }
    status = HTTPStatus.OK
    if request.method == "POST":
        try:
            made = scenes.create(
                story.pk,
                actor=request.user,
                position=after.position + 1 if after else 1,
                **values_of(request, EDITABLE),
            )
        except Invalid as error:
            values |= {"error": str(error), "field": error.field, "written": request.POST}
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        else:
            undo = _offer(_("Undo"), story, made, "delete")
            return respond(
                request,
                story,
                updated_cards(
                    request,
                    story,
                    [made.pk],
                    with_order=True,
                    message=_("Scene added."),
                    offer=undo,
                    focus=str(made.pk),
                ),
            )
    values["title"] = _("New scene")
    name = "board/insert.html#dialog" if is_live(request) else "board/insert.html"
    return render(
        request,
        name,
        values if is_live(request) else layout.context(request, story, **values),
        status=status,
    )


def _neighbour(story: Story, request: HttpRequest) -> Scene | None:
    asked = request.POST.get("after") if request.method == "POST" else request.GET.get("after")
    try:
        return scene_or_404(story, UUID(asked)) if asked else None
    except ValueError:
        raise Http404 from None


def _offer(
    label: str, story: Story, scene: Scene, act: str, *fields: tuple[str, str]
) -> UndoAction:
    return UndoAction(label, reverse("admin:board_act", args=[story.pk, scene.pk, act]), fields)


def cuts(narration: str) -> list[tuple[int, str, str]]:
    """The positions between sentences where a narration can be split.

    Each has the character index, the text before and the text after.
    """
    found, place = [], 0
    for sentence in sentences(narration)[1:]:
        place = narration.find(sentence[:20], max(place, 1))
        if place > 0:
            found.append((place, narration[:place].strip(), narration[place:].strip()))
            place += 1
    return found


@require_GET
@errors_as_responses
def split(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Show the dialog for choosing where to split; POST splits."""
    scene = scene_or_404(story, scene_id)
    values: dict[str, Any] = {
        "story": story,
        "scene": scene,
        "cuts": cuts(scene.narration),
        "title": _("Split the scene"),
        "back": board_url(story.pk, scene.pk),
    }
    name = "board/split.html#dialog" if is_live(request) else "board/split.html"
    return render(
        request, name, values if is_live(request) else layout.context(request, story, **values)
    )


# Actions on one scene. Each makes the change and returns the changed cards and the undo action.


@dataclass(frozen=True, slots=True)
class Done:
    message: str
    cards: tuple[Scene, ...] = ()
    offer: UndoAction | None = None


def _duplicate(request: HttpRequest, story: Story, scene: Scene) -> Done:
    copy = scenes.duplicate(scene.pk, actor=request.user)
    return Done(
        _("Scene duplicated. Its takes are still to be made."),
        (copy,),
        _offer(_("Undo"), story, copy, "delete"),
    )


def _split(request: HttpRequest, story: Story, scene: Scene) -> Done:
    at = request.POST.get("at", "")
    first, second = scene_splits.split(scene.pk, actor=request.user, at=whole_number(at) or 0)
    halves = [str(second.pk), scene.prompt_id, first.prompt_id, second.prompt_id, scene.narration]
    undo = _offer(_("Undo"), story, first, "unsplit", ("split", _signed(first, halves)))
    return Done(_("Scene split. The takes stay with the first part."), (first, second), undo)


def _signed(scene: Scene, value: Any) -> str:
    return signing.dumps([str(scene.pk), value], salt=UNDO_SALT, compress=True)


def _unsplit(request: HttpRequest, _story: Story, scene: Scene) -> Done:
    try:
        scene_id, (second, prompt, *halves, narration) = signing.loads(
            request.POST.get("split", ""), salt=UNDO_SALT
        )
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    if scene_id != str(scene.pk):
        raise Http404
    joined = scene_splits.unsplit(
        scene.pk,
        second,
        actor=request.user,
        prompt_id=prompt,
        second_half_ids=(halves[0], halves[1]),
        narration=narration,
    )
    return Done(_("The split is undone."), (joined,))


def _merge(request: HttpRequest, story: Story, scene: Scene) -> Done:
    other = Scene.live.filter(story=story, position=scene.position + 1).first()
    joined = scene_splits.merge_with_next(scene.pk, actor=request.user)
    assert other is not None  # merge_with_next has checked this
    return Done(
        _("The two scenes are merged."),
        (joined,),
        _offer(_("Undo"), story, joined, "unmerge", ("other", str(other.pk))),
    )


def _unmerge(request: HttpRequest, story: Story, scene: Scene) -> Done:
    try:
        other = scene_or_404(story, UUID(request.POST.get("other", "")))
    except ValueError:
        raise Http404 from None
    first = scene_splits.unmerge(scene.pk, other.pk, actor=request.user)
    return Done(_("The merge is undone."), (first, other))


def _delete(request: HttpRequest, story: Story, scene: Scene) -> Done:
    scenes.delete(scene.pk, actor=request.user)
    return Done(
        _("Scene %(number)s deleted. Its takes are kept.") % {"number": scene.position},
        (),
        _offer(_("Undo"), story, scene, "restore"),
    )


def _restore(request: HttpRequest, story: Story, scene: Scene) -> Done:
    back = scenes.restore(scene.pk, actor=request.user)
    return Done(_("The scene is back."), (back,), _offer(_("Undo"), story, back, "delete"))


ACTS: dict[str, Callable[[HttpRequest, Story, Scene], Done]] = {
    "duplicate": _duplicate,
    "split": _split,
    "merge": _merge,
    "unmerge": _unmerge,
    "unsplit": _unsplit,
    "delete": _delete,
    "restore": _restore,
}
STEPS = ("first", "earlier", "later", "last")


@require_POST
@errors_as_responses
def act(request: HttpRequest, story: Story, scene_id: UUID, act: str) -> HttpResponse:
    """Run one of the actions, or move the scene by one step in the film."""
    scene = scene_or_404(story, scene_id)
    if act in STEPS:
        return _step(request, story, scene, act)
    if act not in ACTS:
        raise Http404
    done = ACTS[act](request, story, scene)
    focus = str(done.cards[0].pk) if done.cards else ""
    return respond(
        request,
        story,
        updated_cards(
            request,
            story,
            [card.pk for card in done.cards],
            with_order=True,
            message=done.message,
            offer=done.offer,
            focus=focus,
        ),
    )


def _step(request: HttpRequest, story: Story, scene: Scene, step: str) -> HttpResponse:
    with transaction.atomic():
        ids = list(scene_order.positions(story))
        if scene.pk not in ids:
            raise Http404
        others = [pk for pk in ids if pk != scene.pk]
        place = {
            "first": 0,
            "earlier": max(0, ids.index(scene.pk) - 1),
            "later": ids.index(scene.pk) + 1,
            "last": len(others),
        }[step]
        place = min(place, len(others))
        made = scene_order.reorder(
            story.pk,
            actor=request.user,
            moves=[Move(scene.pk, others[place - 1] if place else None)],
        )
    message = _("Scene moved to place %(place)s of %(count)s.") % {
        "place": place + 1,
        "count": len(ids),
    }
    back = UndoAction(
        _("Undo"),
        reverse("admin:board_order", args=[story.pk]),
        [*move_fields(made.back, made.version), ("undo", "1")],
    )
    return respond(
        request,
        story,
        BoardUpdate(
            message=message, offer=back, version=made.version, ids=made.ids, focus=str(scene.pk)
        ),
    )
