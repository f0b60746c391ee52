"""Mixing a film anew, and the tracks of its sound."""

from uuid import UUID

import msgspec

from api.components import Body
from api.controllers import ApiController, operation
from api.inputs import Empty
from api.responses import Accepted
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


@api.at("stories/<uuid:story_id>/remix/")
class StoryRemixController(ApiController):
    tags = (SOUND,)

    @operation("remix_film", summary="Mix the film anew", problems=(409,))
    # Rejects a body that is not empty
    def post(self, story_id: UUID, body: Body[Empty]) -> Accepted[JobOut]:  # noqa: ARG002
        """Another version of the preview or the final film with its present sound. It costs nothing
        and encodes no picture; a film that needs another take is refused (409).
        """
        story_of(self, story_id)
        return Accepted(job_out(domain.remix(story_id, actor=self.user)))


@api.at("stories/<uuid:story_id>/stems/")
class StoryStemsController(ApiController):
    tags = (SOUND,)

    @operation("make_stems", summary="Make the stems", problems=(409,))
    # Rejects a body that is not empty
    def post(self, story_id: UUID, body: Body[Empty]) -> Accepted[JobOut]:  # noqa: ARG002
        """The tracks of the sound as files of their own: speech, music, effects and clips."""
        story_of(self, story_id)
        return Accepted(job_out(domain.prepare_mixer(story_id, actor=self.user)))

    @operation("list_stems", summary="List the stems")
    def get(self, story_id: UUID) -> StemsOut:
        """Empty until they are made, and again when another sound is heard than they have."""
        story = story_of(self, story_id)
        sound = sound_of(story, load_scenes(story), domain.film_kind(story))
        files = ready_stems(sound) if sound else {}
        return StemsOut([StemOut(track, link(self, name)) for track, name in sorted(files.items())])
