"""Effects on the pages: of a scene at its panel, of the whole film at the film page."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from core.admin.display import money
from providers.models import AIProviderConfig
from stories.errors import Invalid
from stories.models import Effect, Scene, SoundTake, Story
from stories.models.effect import LONGEST_EFFECT, MOST_EFFECTS, SHORTEST_EFFECT
from stories.services import effects as domain
from stories.services.generation import generate_sound
from stories.services.sound_items import SoundItem
from stories.services.sound_plan import SoundPlan

from .form_values import confirmed_price
from .responses import errors_as_responses, scene_or_404
from .sound_takes import after, number, one_more_price, uuid_from

TAKES_SHOWN = 60  # the newest of a scene, or of the whole film


@dataclass(frozen=True, slots=True)
class ShownEffect:
    """An effect with its takes, newest first. `price` is that of one more take, None if none can be
    made.
    """

    effect: Effect
    item: SoundItem | None
    takes: list[SoundTake]
    price: Decimal | None

    @property
    def state(self) -> str:
        return self.item.state if self.item else ""


def shown_effects(story: Story, scene: Scene | None, plan: SoundPlan) -> dict[str, Any]:
    """The effects of a scene, or of the whole film (None), for a page."""
    items = {item.item: item for item in plan.items if item.effect is not None}
    effects = list(
        Effect.live.filter(story=story, scene=scene)
        .select_related("take__reviewed_by")
        .order_by("begins", "created_at", "id")
    )
    takes = _takes(effects)
    provider = plan.settings.effects_provider if plan.settings else "local"
    return {
        "shown": [
            ShownEffect(
                effect,
                item := items.get(effect.key),
                takes[effect.pk],
                one_more_price(item),
            )
            for effect in effects
        ],
        "by": _connection(provider),
        "are_sketches": provider == "local",
        "has_room": len(effects) < MOST_EFFECTS,
        "longest": LONGEST_EFFECT,
        "shortest": SHORTEST_EFFECT,
        "new": Effect(story=story, scene=scene),
    }


def _takes(effects: list[Effect]) -> dict[UUID, list[SoundTake]]:
    """The takes of each effect, and the one that it was copied with."""
    found: dict[UUID, list[SoundTake]] = {effect.pk: [] for effect in effects}
    rows = SoundTake.objects.filter(effect__in=effects).select_related("reviewed_by")
    for take in rows[:TAKES_SHOWN]:
        if take.effect_id is not None:
            found[take.effect_id].append(take)
    for effect in effects:
        if effect.take is not None and effect.take not in found[effect.pk]:
            found[effect.pk].insert(0, effect.take)
    return found


def _connection(provider: str) -> str:
    """The name of a connection, as people gave it."""
    found = AIProviderConfig.objects.filter(provider=provider).values_list("name", flat=True)
    return found.first() or provider


def _effect(story: Story, effect_id: UUID) -> Effect:
    rows = Effect.live.select_related("scene")
    return get_object_or_404(rows, pk=effect_id, story=story)


def _sent(sent: QueryDict) -> dict[str, Any]:
    values: dict[str, Any] = {"prompt": sent["prompt"]} if "prompt" in sent else {}
    numbers = (name for name in ("seconds", "begins", "level_db") if name in sent)
    return values | {name: number(str(sent[name]), name) for name in numbers}


@require_POST
@errors_as_responses
def add(request: HttpRequest, story: Story) -> HttpResponse:
    """Add an effect to a scene, or to the whole film."""
    scene_id = uuid_from(request.POST.get("scene", ""), "scene")
    scene = scene_or_404(story, scene_id) if scene_id else None
    values = _sent(request.POST)
    if not values.get("prompt", "").strip():
        raise Invalid(gettext_noop("Describe the effect, or upload one."), field="prompt")
    domain.add_effect(story.pk, actor=request.user, scene_id=scene_id, **values)
    return after(request, story, scene, _("The effect is added."))


@require_POST
@errors_as_responses
def change(request: HttpRequest, story: Story, effect_id: UUID) -> HttpResponse:
    """Change what an effect is, when it begins, and how loud it is."""
    effect = _effect(story, effect_id)
    domain.change_effect(effect.pk, actor=request.user, **_sent(request.POST))
    return after(request, story, effect.scene, _("The effect is saved."))


@require_POST
@errors_as_responses
def remove(request: HttpRequest, story: Story, effect_id: UUID) -> HttpResponse:
    """Take an effect out of the film."""
    effect = _effect(story, effect_id)
    domain.delete_effect(effect.pk, actor=request.user)
    return after(request, story, effect.scene, _("The effect is deleted."))


@require_POST
@errors_as_responses
def make(request: HttpRequest, story: Story, effect_id: UUID) -> HttpResponse:
    """Make an effect, or one more take of it, at the confirmed price."""
    effect, total = _effect(story, effect_id), confirmed_price(request)
    wanted: dict[str, Any] = {"effects": [effect.pk], "again": True}
    wanted["ask_again"] = "ask_again" in request.POST
    start = generate_sound(story.pk, actor=request.user, confirm_total=total, **wanted)
    if start.stopped is not None and start.stopped.new:
        return after(request, story, effect.scene, str(start.stopped), tone="ask")
    start.require()
    message = _("The effect is being made for %(price)s.") % {"price": money(start.total)}
    return after(request, story, effect.scene, message)
