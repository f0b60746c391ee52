"""Body of the request that sets how words are pronounced."""

from typing import Annotated

from msgspec import Meta

from api.inputs import Strict, text
from stories.models.pronunciation import MAX_SPOKEN, MAX_WRITTEN
from stories.services.pronunciations import MAX_ENTRIES


class PronunciationIn(Strict):
    """Latin words and numbers are replaced only where they stand alone."""

    written: Annotated[str, text(least=1, most=MAX_WRITTEN)]
    spoken: Annotated[str, text(least=1, most=MAX_SPOKEN)]


class PronunciationsIn(Strict):
    items: Annotated[list[PronunciationIn], Meta(max_length=MAX_ENTRIES)]
