"""Mixing a film anew, and the tracks of its sound."""

from uuid import UUID

import msgspec

from api.inputs import Empty
from api.responses import Accepted
from api.routes import Call
from stories.film.sound import sound_of
from stories.film.stems import ready_stems
from stories.services import mixer as domain
from stories.services.plan import load_scenes

from .base import SOUND, api
from .lookups import story_of
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Link, link


class StemOut(msgspec.Struct):
    """One track of the film's sound, at the mixer's own level, from the film's start to its end."""

    track: str
    url: Link


class StemsOut(msgspec.Struct):
    items: list[StemOut]


@api.post("stories/<uuid:story_id>/remix/", tag=SOUND, summary="Mix the film anew", problems=(409,))
def remix_film(call: Call, story_id: UUID, body: Empty) -> Accepted[JobOut]:  # noqa: ARG001  rejects a body that is not empty
    """Another version of the preview or the final film with its present sound. It costs nothing and
    encodes no picture; a film that needs another take is refused (409).
    """
    story_of(call, story_id)
    return Accepted(job_out(domain.remix(story_id, actor=call.user)))


@api.post("stories/<uuid:story_id>/stems/", tag=SOUND, summary="Make the stems", problems=(409,))
def make_stems(call: Call, story_id: UUID, body: Empty) -> Accepted[JobOut]:  # noqa: ARG001  rejects a body that is not empty
    """The tracks of the sound as files of their own: speech, music, effects and clips."""
    story_of(call, story_id)
    return Accepted(job_out(domain.prepare_mixer(story_id, actor=call.user)))


@api.get("stories/<uuid:story_id>/stems/", tag=SOUND, summary="List the stems")
def list_stems(call: Call, story_id: UUID) -> StemsOut:
    """Empty until they are made, and again when another sound is heard than they have."""
    story = story_of(call, story_id)
    sound = sound_of(story, load_scenes(story), domain.film_kind(story))
    files = ready_stems(sound) if sound else {}
    return StemsOut([StemOut(track, link(call, name)) for track, name in sorted(files.items())])
