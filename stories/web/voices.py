"""The voices that a provider has, to be heard and chosen for a speaker of the story."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.localized_messages import DomainError
from providers.adapters import Voice
from providers.enums import Kind
from providers.models import AIProviderConfig
from providers.preflight import makes
from providers.voices import has_sample, sample_of, voices_of
from stories.models import Story
from stories.services.makers import Maker
from stories.services.permissions import require_story_owner
from stories.services.sound import cast_of

from . import layout
from .forms import connections, maker_value
from .responses import errors_as_responses

MOST_SHOWN = 100
CACHED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ShownVoice:
    """`languages`: those that the provider names, such as "en, ko"."""

    voice: Voice
    languages: str
    has_sample: bool
    is_chosen: bool


@require_safe
@errors_as_responses
def voices(request: HttpRequest, story: Story) -> HttpResponse:
    """List the voices of a provider; first those that speak the story's language."""
    require_story_owner(request.user, story)
    speaker = request.GET.get("speaker", "")
    now = cast_of(story).voice_of(speaker)
    speaking = [row for row in connections() if row.archived_at is None and makes(row, Kind.SPEECH)]
    wanted = request.GET.get("provider") or now.provider
    config = next((row for row in speaking if row.provider == wanted), None)
    # Another voice of the same provider is spoken by the same model.
    maker = Maker(now.provider, now.model) if wanted == now.provider else Maker(wanted)
    search = request.GET.get("q", "").strip()[:100]
    found: list[Voice] = []
    why = ""
    try:
        found = voices_of(config) if config else []
    except DomainError as error:
        why = str(error)
    matching = sorted(
        (one for one in found if search.casefold() in one.name.casefold()),
        key=lambda one: (story.language not in one.languages, one.name.casefold()),
    )
    title = _("A voice for the narrator")
    if speaker:
        title = _("A voice for %(speaker)s") % {"speaker": speaker}
    context = layout.context(
        request,
        story,
        tab="film",
        title=title,
        speaker=speaker,
        speaking=speaking,
        config=config,
        maker=maker_value(maker),
        search=search,
        why=why,
        number=len(matching),
        most=MOST_SHOWN,
        voices=[_shown(config, one, now.provider, now.voice) for one in matching[:MOST_SHOWN]]
        if config
        else [],
        back=reverse("admin:stories_story_film", args=[story.pk]) + "#sound",
    )
    return render(request, "studio/story/voices.html", context)


def _shown(config: AIProviderConfig, voice: Voice, provider: str, chosen: str) -> ShownVoice:
    return ShownVoice(
        voice,
        ", ".join(voice.languages),
        has_sample(config, voice),
        (config.provider, voice.id) == (provider, chosen),
    )


@require_safe
@errors_as_responses
def sample(request: HttpRequest, story: Story) -> HttpResponse:
    """A sound file in which the voice is heard."""
    require_story_owner(request.user, story)
    config = next(
        (row for row in connections() if row.provider == request.GET.get("provider")), None
    )
    if config is None or config.archived_at is not None:
        return HttpResponse(status=404)
    try:
        content = sample_of(config, request.GET.get("voice", ""))
    except DomainError as error:
        return HttpResponse(str(error), status=404, content_type="text/plain")
    return HttpResponse(
        content,
        content_type=_content_type(content),
        headers={"Cache-Control": f"private, max-age={CACHED_SECONDS}"},
    )


def _content_type(content: bytes) -> str:
    return next(
        (kind for start, kind in TYPES if content.startswith(start)),
        "audio/mp4" if content[4:8] == b"ftyp" else "audio/mpeg",
    )


TYPES = ((b"RIFF", "audio/wav"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"))
