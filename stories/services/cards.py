"""The title card, the end card and the logo of a story's films."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from media import logo as logos
from providers.store import Stored, save, workplace
from stories.errors import Invalid
from stories.models import Story
from stories.models.story import MAX_CARD_TEXT

from . import waking
from .locking import locked_story
from .permissions import require_story_owner
from .uploads import write_upload

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

TEXTS = ("title_card", "end_card")
FIELDS = (
    *TEXTS,
    "title_card_seconds",
    "end_card_seconds",
    "logo_corner",
    "logo_width",
    "logo_opacity",
)
MOST_LINES = 8
LOGO_BYTES = logos.MAX_BYTES


def change_cards(story_id: UUID | str, *, actor: Any, **values: Any) -> Story:
    """Change the texts and lengths of the cards, and how the logo is shown. An empty text: no card.

    No take becomes stale. Raises Story.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    if unknown := set(values) - set(FIELDS):
        raise Invalid(
            gettext_noop("The cards have no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    for name in TEXTS:
        if name in values:
            values[name] = _text(values[name], name)
    with transaction.atomic():
        story = locked_story(story_id, actor)
        for name, value in values.items():
            field: Any = Story._meta.get_field(name)  # noqa: SLF001  Django's documented model API
            try:
                setattr(story, name, field.clean(value, story))
            except ValidationError as error:
                raise Invalid(
                    "%(message)s", message=" ".join(error.messages), field=name
                ) from error
        story.save(update_fields=[*values, "updated_at"])
        waking.wake_story_jobs_on_commit(story.pk)
    return story


def _text(text: str, name: str) -> str:
    """The text of a card, line by line. Raises Invalid."""
    lines = [line.strip() for line in visible.stripped(text).splitlines()]
    found = str(composed_values({name: "\n".join(lines)})[name])
    if "\0" in found:
        raise Invalid(gettext_noop("The text does not have the required format."), field=name)
    if len(found) > MAX_CARD_TEXT:
        raise Invalid(gettext_noop("At most %(most)s characters."), most=MAX_CARD_TEXT, field=name)
    if len(lines) > MOST_LINES:
        raise Invalid(gettext_noop("At most %(most)s lines."), most=MOST_LINES, field=name)
    return found


def read_logo(story_id: UUID | str, *, file: "UploadedFile[Any]", actor: Any) -> Stored:
    """Read and store the file of a logo. Call it outside of a transaction.

    It is decoded in a limited process and stored as a PNG with its transparency. Raises
    Story.DoesNotExist, Forbidden, Invalid (too large, empty), MediaError (unreadable) or BusyError;
    then nothing has changed.
    """
    require_story_owner(actor, Story.objects.get(pk=story_id))
    if (file.size or 0) > LOGO_BYTES:
        raise Invalid(gettext_noop("The file is too large."), field="file")
    if not file.size:
        raise Invalid(gettext_noop("The file is empty."), field="file")
    with workplace() as folder:
        sent = write_upload(file, folder)
        return save(logos.ingested(sent, folder / "logo.png"), "png")


def set_logo(story_id: UUID | str, stored: Stored | None, *, actor: Any) -> Story:
    """Show the stored logo in the story's films; None: no logo.

    Every scene is encoded again for the next film; no take becomes stale. Raises
    Story.DoesNotExist, Forbidden or GuardRefused.
    """
    with transaction.atomic():
        story = locked_story(story_id, actor)
        story.logo = stored.name if stored else ""
        story.save(update_fields=["logo", "updated_at"])
        waking.wake_story_jobs_on_commit(story.pk)
    return story
