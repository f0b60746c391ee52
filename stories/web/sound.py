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
from providers.enums import Kind
from providers.registry import makes
from stories.enums import LineKind, LoudnessPreset, Mood, SoundKind, TakeSource
from stories.errors import Invalid
from stories.models import Line, Scene, SceneSound, SoundTake, Story, StorySound, Voice
from stories.models.story_sound import LOUDEST_DB, SILENT_DB
from stories.services import line_edits
from stories.services import sound as domain
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.makers import Maker
from stories.services.permissions import is_story_owner
from stories.services.pronunciations import Entry, set_pronunciations
from stories.services.sound_items import SoundItem
from stories.services.sound_plan import SoundPlan, plan_sound

from .effects import shown_effects
from .form_values import confirmed_price
from .forms import connections, maker_choices, maker_from, maker_value
from .responses import BoardUpdate, errors_as_responses, respond, scene_or_404
from .sound_takes import number, one_more_price

TAKES_SHOWN = 60  # the newest of a scene, or of the whole film


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with its takes, newest first. `price` is that of one more take, None if none can be
    made. `is_older`: the speech in the film was uploaded for other words.
    """

    line: Line
    item: SoundItem | None
    takes: list[SoundTake]
    price: Decimal | None

    @property
    def state(self) -> str:
        return self.item.state if self.item else ""

    @property
    def is_older(self) -> bool:
        take = self.line.speech_take
        return bool(
            take
            and take.source == TakeSource.UPLOADED
            and take.text_id not in {None, self.line.current_id}
        )


@dataclass(frozen=True, slots=True)
class ShownMusic:
    """The music of the film, or of a scene (`row`), with its takes, newest first. `price` is that
    of one more take, None if none can be made. `taken`: the take that is selected.
    """

    item: SoundItem | None
    takes: list[SoundTake]
    price: Decimal | None
    taken: SoundTake | None
    is_heard: bool
    row: SceneSound | None = None

    @property
    def state(self) -> str:
        return self.item.state if self.item else ""

    @property
    def selected(self) -> SoundTake | None:
        """The take that is in the film. Music that is turned off keeps its take for later."""
        return self.taken if self.is_heard else None

    @property
    def may_be_kept(self) -> bool:
        """Whether it was made for another order of the scenes."""
        return self.item is not None and self.state == "stale" and not self.item.will


def _music(plan: SoundPlan, takes: list[SoundTake], row: SceneSound | None = None) -> ShownMusic:
    """Of a scene, with its settings, or of the film (no `row`)."""
    scene_id = row.scene_id if row else None
    items = [item for item in plan.items if item.kind == SoundKind.MUSIC]
    item = next((one for one in items if (one.scene.pk if one.scene else None) == scene_id), None)
    settings = plan.settings
    taken = row.music_take if row else settings.music_take if settings else None
    if taken is not None and taken not in takes:  # of the scene that this one was copied from
        takes = [taken, *takes]
    is_heard = row.has_own_music if row else settings is not None and settings.mood != Mood.NONE
    return ShownMusic(item, takes, one_more_price(item), taken, is_heard, row)


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
    rows_of_scene = SceneSound.objects.filter(scene=scene)
    own = rows_of_scene.select_related("recording", "music_take").first() or SceneSound(scene=scene)
    others = other_takes(story, scene)
    return {
        "effects": shown_effects(story, scene, plan),
        "lines": lines,
        "scene_sound": own,
        "scene_sounds": others,
        "scene_music": _music(plan, others.get(SoundKind.MUSIC, []), own),
        "moods": Mood.choices,
        "clip_is_silent": scene.clip_take is not None and scene.clip_take.has_sound is False,
        "film_recording": plan.settings.recording if plan.settings else None,
        "line_kinds": LineKind.choices,
        "sound_is_on": plan.settings is not None and plan.settings.enabled,
        "sound_warnings": mine,
    }


def _shown(line: Line, item: SoundItem | None, takes: list[SoundTake]) -> ShownLine:
    selected = line.speech_take
    if selected is not None and selected not in takes:  # of the line that this one was copied from
        takes = [selected, *takes]
    return ShownLine(line, item, takes, one_more_price(item))


def other_takes(story: Story, scene: Scene | None) -> dict[str, list[SoundTake]]:
    """The recordings and music of the scene, or of the whole film (None), by kind. One query."""
    found: dict[str, list[SoundTake]] = {}
    rows = SoundTake.objects.filter(
        story=story, scene=scene, kind__in=(SoundKind.RECORDING, SoundKind.MUSIC)
    )
    for take in rows.select_related("reviewed_by")[:TAKES_SHOWN]:
        found.setdefault(take.kind, []).append(take)
    return found


@dataclass(frozen=True, slots=True)
class ShownVoice:
    """The voice of one speaker, or the narrator's (no speaker)."""

    speaker: str
    voice: Voice

    @property
    def maker(self) -> Maker:
        return Maker(self.voice.provider, self.voice.model)

    @property
    def spoken_by(self) -> str:
        return maker_value(self.maker)


def section(story: Story, user: Any, *, plan: SoundPlan | None = None) -> dict[str, Any]:
    """The sound section of the film page."""
    plan = plan_sound(story) if plan is None else plan
    cast = plan.cast or domain.cast_of(story)
    speakers = ["", *domain.speakers_of(story)]
    settings = plan.settings or StorySound(story=story, enabled=False)
    voices = [ShownVoice(speaker, cast.voice_of(speaker)) for speaker in speakers]
    rows = connections()
    takes = other_takes(story, None)
    playing = Maker(settings.music_provider, settings.music_model)
    return {
        "settings": settings,
        "plan": plan,
        "voices": voices,
        "speaking": maker_choices(rows, Kind.SPEECH, *(voice.maker for voice in voices)),
        "moods": Mood.choices,
        "presets": LoudnessPreset.choices,
        "playing": maker_choices(rows, Kind.MUSIC, playing),
        "played_by": maker_value(playing),
        "making_effects": [
            (row.provider, row.name)
            for row in rows
            if row.archived_at is None and makes(row.kind, SoundKind.SOUND)
        ],
        "effects": shown_effects(story, None, plan),
        "scene_effects": [item for item in plan.items if item.effect and item.scene],
        "pronunciations": cast.pronunciations.entries,
        "takes": takes,
        "music": _music(plan, takes.get(SoundKind.MUSIC, [])),
        "scene_music": [item for item in plan.items if item.kind == SoundKind.MUSIC and item.scene],
        "provider_names": {row.provider: row.name for row in rows},
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
    values |= {
        name: sent[name] for name in ("mood", "effects_provider", "loudness") if name in sent
    }
    if "music_provider" in sent:
        values["music_provider"], values["music_model"] = maker_from(sent["music_provider"])
    values |= {name: number(sent[name], name) for name in ("speech_db", "music_db") if name in sent}
    domain.change_settings(story.pk, actor=request.user, **values)
    return _back(request, story, _("The sound is saved."))


@require_POST
@errors_as_responses
def voice(request: HttpRequest, story: Story) -> HttpResponse:
    sent = request.POST
    values: dict[str, Any] = {name: sent[name] for name in ("voice",) if name in sent}
    if "provider" in sent:
        values["provider"], values["model"] = maker_from(sent["provider"])
    if "speed" in sent:
        values["speed"] = number(sent["speed"], "speed")
    domain.set_voice(story.pk, actor=request.user, speaker=sent.get("speaker", ""), **values)
    return _back(
        request,
        story,
        _("The voice is saved. Its lines are spoken again; pictures do not change."),
    )


@require_POST
@errors_as_responses
def pronunciations(request: HttpRequest, story: Story) -> HttpResponse:
    """Write the list. An entry without words is removed."""
    rows = zip(request.POST.getlist("written"), request.POST.getlist("spoken"), strict=False)
    entries = [Entry(*row) for row in rows if any(text.strip() for text in row)]
    set_pronunciations(story.pk, actor=request.user, entries=entries)
    return _back(
        request,
        story,
        _("The pronunciations are saved. Only lines that contain these words are out of date."),
    )


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
    total = confirmed_price(request)
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


def _panel(
    request: HttpRequest, story: Story, scene: Scene, message: str, *, tone: str = "good"
) -> HttpResponse:
    back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#lines"
    return respond(request, story, BoardUpdate(message=message, tone=tone), back=back)
