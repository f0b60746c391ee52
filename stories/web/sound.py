"""The pages of a story's sound: its settings and voices,
and the lines of a scene with their takes.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from core.admin.display import money
from core.localized_messages import DomainError
from core.numbers import amount
from providers.models import AIProviderConfig
from providers.registry import makes
from stories.enums import LineKind, LoudnessPreset, Mood, SoundKind
from stories.errors import Invalid
from stories.models import Line, Scene, SoundTake, Story, StorySound
from stories.models.story_sound import LOUDEST_DB, SILENT_DB
from stories.services import line_edits, sound_takes
from stories.services import sound as domain
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.permissions import is_story_owner
from stories.services.sound_plan import SoundItem, SoundPlan, plan_sound, priced_again

from .responses import BoardUpdate, errors_as_responses, respond, scene_or_404


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with its takes, newest first. `price` is that of one more take, None if none can be
    made.
    """

    line: Line
    item: SoundItem | None
    takes: list[SoundTake]
    price: Decimal | None

    @property
    def state(self) -> str:
        return self.item.state if self.item else ""


def shown_lines(story: Story, scene: Scene) -> dict[str, Any]:
    """The scene's lines for its panel."""
    plan = plan_sound(story)
    items = {item.item: item for item in plan.items if item.line is not None}
    rows = list(
        Line.live.filter(scene=scene)
        .select_related("current", "speech_take")
        .order_by("position", "id")
    )
    takes: dict[UUID | None, list[SoundTake]] = {}
    for take in SoundTake.objects.filter(line__in=rows):
        takes.setdefault(take.line_id, []).append(take)
    lines = [_shown(line, items.get(line.key), takes.get(line.pk, [])) for line in rows]
    mine = [
        warning for warning in plan.warnings if warning.values.get("position") == scene.position
    ]
    return {
        "lines": lines,
        "line_kinds": LineKind.choices,
        "sound_is_on": plan.settings is not None and plan.settings.enabled,
        "sound_warnings": mine,
    }


def _shown(line: Line, item: SoundItem | None, takes: list[SoundTake]) -> ShownLine:
    selected = line.speech_take
    if selected is not None and selected not in takes:  # of the line that this one was copied from
        takes = [selected, *takes]
    return ShownLine(line, item, takes, _price(item))


def _price(item: SoundItem | None) -> Decimal | None:
    if item is None or item.state in {"running", "blocked"}:
        return None
    try:
        return item.price if item.will else priced_again(item).price
    except DomainError:
        return None


@dataclass(frozen=True, slots=True)
class ShownVoice:
    """The voice of one speaker, or the narrator's (no speaker)."""

    speaker: str
    voice: Any


def section(story: Story, user: Any, *, plan: SoundPlan | None = None) -> dict[str, Any]:
    """The sound section of the film page."""
    plan = plan_sound(story) if plan is None else plan
    cast = plan.cast or domain.cast_of(story)
    speakers = ["", *domain.speakers_of(story)]
    connections = list(
        AIProviderConfig.objects.order_by("name").values_list("provider", "name", "kind")
    )
    return {
        "settings": plan.settings or StorySound(story=story, enabled=False),
        "plan": plan,
        "voices": [ShownVoice(speaker, cast.voice_of(speaker)) for speaker in speakers],
        "moods": Mood.choices,
        "presets": LoudnessPreset.choices,
        "speaking": [
            (key, name) for key, name, kind in connections if makes(kind, SoundKind.SPEECH)
        ],
        "playing": [(key, name) for key, name, kind in connections if makes(kind, SoundKind.MUSIC)],
        "quietest": SILENT_DB,
        "loudest": LOUDEST_DB,
        "may_change": is_story_owner(user, story),
    }


def _back(request: HttpRequest, story: Story, message: str) -> HttpResponse:
    messages.success(request, message)
    return HttpResponseRedirect(reverse("admin:stories_story_film", args=[story.pk]) + "#sound")


@require_POST
@errors_as_responses
def change(request: HttpRequest, story: Story) -> HttpResponse:
    """Change the sound settings. An unticked box is not sent."""
    sent = request.POST
    values: dict[str, Any] = {"enabled": sent.get("enabled") == "1"}
    values |= {name: sent[name] for name in ("mood", "music_provider", "loudness") if name in sent}
    values |= {
        name: _number(sent[name], name) for name in ("speech_db", "music_db") if name in sent
    }
    domain.change_settings(story.pk, actor=request.user, **values)
    return _back(request, story, _("The sound is saved."))


@require_POST
@errors_as_responses
def voice(request: HttpRequest, story: Story) -> HttpResponse:
    sent = request.POST
    values: dict[str, Any] = {
        name: sent[name] for name in ("provider", "voice", "model") if name in sent
    }
    if "speed" in sent:
        values["speed"] = _number(sent["speed"], "speed")
    domain.set_voice(story.pk, actor=request.user, speaker=sent.get("speaker", ""), **values)
    return _back(request, story, _("The voice is saved. Its lines are spoken anew; no picture is."))


def _number(text: str, field: str) -> float:
    try:
        found = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        found = float("nan")
    if found != found:  # noqa: PLR0124  not a number
        raise Invalid(gettext_noop("Enter a number."), field=field)
    return found


@require_POST
@errors_as_responses
def lines(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Write the scene's lines. A line without words is removed."""
    scene = scene_or_404(story, scene_id)
    sent = request.POST
    rows = zip(
        *(sent.getlist(name) for name in ("line", "speaker", "direction", "text")), strict=False
    )
    wanted = [
        Spoken(text, speaker, direction, "", _id(pk))
        for pk, speaker, direction, text in rows
        if text.strip()
    ]
    line_edits.set_lines(scene.pk, actor=request.user, lines=wanted)
    return _panel(request, story, scene, _("The lines are saved."))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(gettext_noop("The scene has no such line."), field="line") from None


@require_POST
@errors_as_responses
def speak(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Speak one line, or all of the scene's that need it, at the confirmed price."""
    scene = scene_or_404(story, scene_id)
    total = amount(request.POST.get("confirm_total", ""))
    if total is None:
        raise Invalid(gettext_noop("Confirm the price first."), field="confirm_total")
    chosen = _id(request.POST.get("line", ""))
    keys = [chosen] if chosen else list(Line.live.filter(scene=scene).values_list("pk", flat=True))
    wanted: dict[str, Any] = {
        "lines": keys,
        "again": chosen is not None,
        "ask_again": "ask_again" in request.POST,
    }
    start = generate_sound(story.pk, actor=request.user, confirm_total=total, **wanted)
    if start.stopped is not None and start.stopped.new:
        return _panel(request, story, scene, str(start.stopped), tone="ask")
    start.require()
    message = ngettext(
        "%(count)s line is being spoken for %(price)s.",
        "%(count)s lines are being spoken for %(price)s.",
        len(start.jobs),
    )
    values = {"count": len(start.jobs), "price": money(start.total)}
    return _panel(request, story, scene, message % values)


@require_POST
@errors_as_responses
def choose(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    take = SoundTake.objects.filter(pk=take_id, story=story).select_related("scene").first()
    if take is None or take.scene is None:
        raise Scene.DoesNotExist
    sound_takes.select(take.pk, actor=request.user)
    return _panel(request, story, take.scene, _("The take is in the film."))


def _panel(
    request: HttpRequest, story: Story, scene: Scene, message: str, *, tone: str = "good"
) -> HttpResponse:
    back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#lines"
    return respond(request, story, BoardUpdate(message=message, tone=tone), back=back)
