"""The title card, the end card and the logo of a story's films."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from msgspec import Meta

from api.components import Body, Upload
from api.controllers import ApiController, Call, operation
from api.problems import FieldError, invalid
from core.localized_messages import LocalizedMessage
from stories.api.inputs.cards import CardsPatch
from stories.api.inputs.parts import sent_values
from stories.enums import Corner
from stories.models import Story
from stories.services import cards as domain

from .base import FILMS, api
from .lookups import admit_writer, story_of
from .outputs.parts import Link, link

SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "PNG, WebP or another picture of at most 8 MB. Transparent parts stay so.",
    }
}


class CardsOut(msgspec.Struct):
    """The cards add to the film's length; captions and sound follow the title card."""

    story_id: UUID
    title_card: str
    title_card_seconds: float
    end_card: str
    end_card_seconds: float
    logo_url: Annotated[Link | None, Meta(description="Null: the film has no logo.")]
    logo_corner: Corner
    logo_width: int
    logo_opacity: int


def _cards(call: Call, story: Story) -> CardsOut:
    return CardsOut(
        story_id=story.pk,
        title_card=story.title_card,
        title_card_seconds=story.title_card_seconds,
        end_card=story.end_card,
        end_card_seconds=story.end_card_seconds,
        logo_url=link(call, story.logo) if story.logo else None,
        logo_corner=Corner(story.logo_corner),
        logo_width=story.logo_width,
        logo_opacity=story.logo_opacity,
    )


@api.at("stories/<uuid:story_id>/cards/")
class StoryCardsController(ApiController):
    tags = (FILMS,)

    def locked(self) -> QuerySet[Story]:
        return Story.objects.filter(pk=self.kwargs["story_id"])

    @operation("get_cards", summary="Show a film's cards and logo")
    def get(self, story_id: UUID) -> CardsOut:
        """The texts before and after the scenes, and the logo in the picture."""
        return _cards(self, story_of(self, story_id))

    @operation("patch_cards", summary="Change a film's cards", problems=(409,))
    def patch(self, story_id: UUID, body: Body[CardsPatch]) -> CardsOut:
        """Only what is sent is changed. The next film has it; no take becomes stale."""
        story_of(self, story_id)
        return _cards(self, domain.change_cards(story_id, actor=self.user, **sent_values(body)))


@api.at("stories/<uuid:story_id>/logo/")
class StoryLogoController(ApiController):
    tags = (FILMS,)

    def locked(self) -> QuerySet[Story]:
        return Story.objects.filter(pk=self.kwargs["story_id"])

    @operation(
        "upload_logo",
        summary="Upload a film's logo",
        problems=(409,),
        upload=Upload(SENT, ("file",), domain.LOGO_BYTES),
        admit=admit_writer,
    )
    def post(self, story_id: UUID) -> CardsOut:
        """It replaces the logo that the film has. Every scene is encoded again for the next film,
        which costs nothing.
        """
        story_of(self, story_id)
        stored = domain.read_logo(story_id, file=_file(self), actor=self.user)
        self.begin()
        return _cards(self, domain.set_logo(story_id, stored, actor=self.user))

    @operation("remove_logo", summary="Remove a film's logo", problems=(409,))
    def delete(self, story_id: UUID) -> CardsOut:
        """The next film has none. Films that exist keep theirs."""
        story_of(self, story_id)
        return _cards(self, domain.set_logo(story_id, None, actor=self.user))


def _file(call: Call) -> "UploadedFile[Any]":
    """The form's only file. Raises 422 for what is missing, wrong or unknown."""
    form, files = call.request.POST, call.request.FILES
    sent = files.get("file")
    wrong = [(name, gettext_noop("There is no such field.")) for name in sorted(form)]
    if list(files) != ["file"] or len(files.getlist("file")) != 1:
        wrong.insert(0, ("file", gettext_noop("Send exactly one file.")))
    if wrong or not isinstance(sent, UploadedFile):
        raise invalid(
            [
                FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
                for name, template in wrong
            ]
        )
    return sent
