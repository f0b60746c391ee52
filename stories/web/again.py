"""Links a call that a person has resolved to generating the take again, at the current price."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.display import money
from providers import calls
from providers.models import ProviderCall
from stories.enums import TakeKind
from stories.models import Scene
from stories.services.generation import why_closed
from stories.services.permissions import is_story_owner
from stories.services.plan import plan_generation


def offer(call: ProviderCall, user: Any) -> tuple[str, str] | None:
    """A label and the URL of the scene's page.

    None if the take is no longer needed or this person may not order it.
    """
    if call.kind not in TakeKind.values:
        return None
    if not calls.was_decided(call):
        return None
    scene = _scene_of(call)
    if scene is None or not is_story_owner(user, scene.story) or why_closed(scene.story, call.kind):
        return None
    item = plan_generation(scene.story, call.kind, scenes=[scene]).items[0]
    if not (item.will or item.failed) or item.state in {"blocked", "running"}:
        return None
    address = reverse("admin:board_scene", args=[scene.story_id, scene.pk])
    return _("Make it again for %(price)s") % {
        "price": money(item.total)
    }, f"{address}?kind={call.kind}"


def _scene_of(call: ProviderCall) -> Scene | None:
    try:
        key = UUID(call.item)
    except ValueError:
        return None
    return (
        Scene.live.select_related("story", "prompt", "image_take", "clip_take")
        .filter(pk=key)
        .first()
    )
