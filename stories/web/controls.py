"""The controls of a scene: provider and model per kind, what to avoid, style, seed, strength."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from core.numbers import whole_number
from stories.enums import Boundary, TakeKind
from stories.errors import Invalid
from stories.models import Scene, Story
from stories.services import scenes
from stories.services.controls import CONTROLS, controls_of
from stories.services.scene_values import fingerprint, value_of

from .responses import BoardUpdate, errors_as_responses, respond, scene_or_404

NUMBERS = ("seed", "strength")
SEEN = (*CONTROLS, "boundary")


def scene_controls(story: Story, scene: Scene) -> dict[str, Any]:
    """The context of the section. Two queries."""
    controls = controls_of(story, scene)
    return {
        "controls": controls,
        "provider_names": controls.names,
        "controls_seen": {name: fingerprint(value_of(scene, name)) for name in SEEN},
        "boundaries": Boundary.choices,
    }


@require_POST
@errors_as_responses
def save(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Save the controls that the form shows; the others stay as they are."""
    scene = scene_or_404(story, scene_id)
    sent = request.POST
    values: dict[str, Any] = {}
    for name in SEEN:
        if name in sent:
            text = sent[name].replace("\r\n", "\n").strip()
            values[name] = _number(name, text) if name in NUMBERS else text
    for kind in TakeKind.values:
        if f"{kind}_maker" in sent:
            provider, _colon, model = sent[f"{kind}_maker"].partition(":")
            values |= {f"{kind}_provider": provider, f"{kind}_model": model}
    seen = {name: sent[f"seen_{name}"] for name in SEEN if f"seen_{name}" in sent}
    scenes.edit(scene.pk, actor=request.user, seen=seen, **values)
    back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#controls"
    return respond(request, story, BoardUpdate(message=_("Saved.")), back=back)


def _number(name: str, text: str) -> int | None:
    if not text and name == "strength":
        return None
    number = whole_number(text)
    if number is None:
        raise Invalid(gettext_noop("Write a whole number."), field=name)
    return number
