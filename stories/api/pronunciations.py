"""A story's pronunciation list."""

from uuid import UUID

import msgspec

from api.components import Body
from api.controllers import ApiController, operation
from stories import errors
from stories.api.inputs.pronunciations import PronunciationsIn
from stories.services import pronunciations as domain

from .base import SOUND, api
from .lookups import story_of


class PronunciationOut(msgspec.Struct):
    written: str
    spoken: str


class PronunciationsOut(msgspec.Struct):
    items: list[PronunciationOut]


@api.at("stories/<uuid:story_id>/pronunciations/")
class StoryPronunciationsController(ApiController):
    tags = (SOUND,)

    @operation("list_pronunciations", summary="List a story's pronunciations")
    def get(self, story_id: UUID) -> PronunciationsOut:
        """How words of the story are spoken."""
        return _out(domain.pronunciations_of(story_of(self, story_id)))

    @operation("write_pronunciations", summary="Write a story's pronunciations", problems=(409,))
    def post(self, story_id: UUID, body: Body[PronunciationsIn]) -> PronunciationsOut:
        """The story has exactly this list then. The lines with its words become stale, no picture
        does, and captions keep the written words.
        """
        story_of(self, story_id)
        entries = [domain.Entry(item.written, item.spoken) for item in body.items]
        try:
            found = domain.set_pronunciations(story_id, actor=self.user, entries=entries)
        except errors.Invalid as error:
            error.field = f"items/{error.field}" if error.field[:1].isdigit() else error.field
            raise
        return _out(found)


def _out(found: domain.Pronunciations) -> PronunciationsOut:
    return PronunciationsOut([PronunciationOut(*entry) for entry in found.entries])
