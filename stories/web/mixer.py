"""The mixer of the film page: outline, levels heard at once, and another mix of the film."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from stories.enums import FilmKind, JobName, LoudnessPreset, StoryStatus
from stories.film.sound import sound_of, speaking
from stories.film.stems import ready_stems
from stories.models import Film, Story
from stories.models.story_sound import DEEPEST_DUCK, LOUDEST_DB, SILENT_DB
from stories.services import mixer as domain
from stories.services import sound as settings_service
from stories.services.permissions import is_story_owner

from .responses import errors_as_responses
from .sound_takes import number

if TYPE_CHECKING:
    from .story_state import StoryState

OUTLINE_HEIGHT = 100
LEVELS = ("speech_db", "music_db", "effects_db", "clips_db")
TRACKS = {
    "speech_db": "speech",
    "music_db": "music",
    "effects_db": "sounds",
    "clips_db": "clips",
}
NUMBERS = (*LEVELS, "duck_db", "music_from")


@dataclass(frozen=True, slots=True)
class Slider:
    """One level of the mixer, with the address of its stem once that is made."""

    name: str
    label: str
    value: float
    track: str
    url: str


def section(state: "StoryState") -> dict[str, Any]:
    """What the mixer shows of the film. Empty without a film or without sound."""
    story, film = state.story, state.film
    if film is None:
        return {}
    sound = sound_of(story, state.scenes, film.kind) if state.scenes else None
    if sound is None:
        return {"outline": outline_of(film), "loudness": film.manifest.get("loudness")}
    files = ready_stems(sound)
    names = {
        "speech_db": _("Speech"),
        "music_db": _("Music"),
        "effects_db": _("Effects"),
        "clips_db": _("Sound of the clips"),
    }
    return {
        "film": film,
        "outline": outline_of(film),
        "loudness": film.manifest.get("loudness"),
        "settings": sound.settings,
        "sliders": [
            Slider(
                name,
                names[name],
                getattr(sound.settings, name),
                TRACKS[name],
                reverse("stories:sound_stem", args=[story.pk, TRACKS[name]])
                + f"?v={sound.settings.stems['key'][:16]}"
                if TRACKS[name] in files
                else "",
            )
            for name in LEVELS
        ],
        "is_ready": bool(files),
        "is_being_made": any(job.name == JobName.STORY_STEMS for job in state.open_jobs),
        "speaking": speaking(sound),
        "seconds": sound.total / sound.fps,
        "presets": LoudnessPreset.choices,
        "quietest": SILENT_DB,
        "loudest": LOUDEST_DB,
        "deepest": DEEPEST_DUCK,
        "may_change": is_story_owner(state.user, story) and story.status != StoryStatus.ARCHIVED,
        "can_remix": domain.can_remix(story)
        and film.kind
        == (FilmKind.PREVIEW if story.status == StoryStatus.PREVIEWING else FilmKind.FINAL),
    }


def outline_of(film: Film) -> str:
    """The outline of the film's sound as the path of an SVG of that height, one unit per value."""
    values = film.manifest.get("outline") or []
    middle = OUTLINE_HEIGHT / 2
    return "".join(
        f"M{at} {middle - half:g}v{2 * half:g}"
        for at, value in enumerate(values)
        if (half := max(0.5, value * middle / OUTLINE_HEIGHT))
    )


@require_POST
@errors_as_responses
def change(request: HttpRequest, story: Story) -> HttpResponse:
    """Save the levels; with `remix` also make another version of the film with them."""
    sent = request.POST
    values: dict[str, Any] = {name: number(sent[name], name) for name in NUMBERS if name in sent}
    if "music_until" in sent:
        until = sent["music_until"].strip()
        values["music_until"] = number(until, "music_until") if until else None
    if "loudness" in sent:
        values["loudness"] = sent["loudness"]
    settings_service.change_settings(story.pk, actor=request.user, **values)
    if "remix" in sent:
        domain.remix(story.pk, actor=request.user)
        return _back(request, story, _("The film is being mixed again. Its pictures are kept."))
    return _back(request, story, _("The sound is saved."))


@require_POST
@errors_as_responses
def prepare(request: HttpRequest, story: Story) -> HttpResponse:
    domain.prepare_mixer(story.pk, actor=request.user)
    return _back(request, story, _("The mixer is being prepared."))


def _back(request: HttpRequest, story: Story, message: str) -> HttpResponse:
    messages.success(request, message)
    return HttpResponseRedirect(reverse("admin:stories_story_film", args=[story.pk]) + "#mixer")
