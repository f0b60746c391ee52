"""What the local provider sees of a request's cast: persons with coats and hair, and words."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext_noop
from PIL import Image

from core.localized_messages import LocalizedMessage
from media import image_import
from media.errors import MediaError
from providers.requests import CastReference
from providers.store import FileMissing, opened

from .context import PRONOUNS
from .illustrator.figures import HEIGHT
from .illustrator.sheet import COAT
from .illustrator.stage import Figure
from .illustrator.words import read

MOST = 3  # persons in one image
TOO_MANY = gettext_noop(
    "The local provider draws at most %(most)s characters: %(names)s will be missing."
)
WORDS_ALONE = gettext_noop(
    "The local provider draws places, props and styles from their descriptions: it does not use "
    "the reference sheets of %(names)s."
)
HAIR = {
    "26242c": ("검은", "검정", "까만", "black", "dark"),
    "57382a": ("갈색", "brown"),
    "d8b25e": ("금색", "금발", "금빛", "노란", "blond", "blonde", "golden", "yellow"),
    "dcd8d2": ("하얀", "흰", "회색", "은색", "white", "grey", "gray", "silver"),
    "a4492c": ("빨간", "붉은", "red", "ginger"),
}
_WORD = re.compile(r"[가-힣]+|[A-Za-z]+")
_HAIR = re.compile(r"([가-힣]+|[a-z]+)\s*(?:색\s*)?(?:머리|hair)", re.IGNORECASE)


def seen_in(cast: Sequence[CastReference]) -> tuple[tuple[Figure, ...], str]:
    """Return the characters to draw, and the words of the other members."""
    characters = [member for member in cast if member.role == "character"]
    others = [member for member in cast if member.role != "character"]
    words = " ".join(f"{one.name} {one.description} {one.description_en}" for one in others)
    return tuple(_figure(member) for member in characters[:MOST]), words


def left_out(cast: Sequence[CastReference]) -> list[LocalizedMessage]:
    """Return in words which members are not drawn, and whose sheets are not looked at."""
    characters = [member.name for member in cast if member.role == "character"]
    sheets = [member.name for member in cast if member.role != "character" and member.file]
    found = []
    if characters[MOST:]:
        names = ", ".join(characters[MOST:])
        found.append(LocalizedMessage(TOO_MANY, {"most": MOST, "names": names}))
    if sheets:
        found.append(LocalizedMessage(WORDS_ALONE, {"names": ", ".join(sheets)}))
    return found


def without_pronouns(text: str) -> str:
    """The text of a scene whose cast is known: “she” is one of them, not another woman."""
    return _WORD.sub(lambda word: "" if word[0].lower() in PRONOUNS else word[0], text)


def _figure(member: CastReference) -> Figure:
    """The colours that the description names; the coat's else from the sheet."""
    text, english = f"{member.description} {member.name}", member.description_en
    reading = read(text, english)
    kind = next((name for name in reading.people if name in HEIGHT), "person")
    colors = reading.color_of
    coat = colors.get("clothes") or colors.get(kind) or _coat_on(member.file)
    return Figure(kind, coat, _hair(f"{text} {english}"))


def _hair(text: str) -> str:
    for match in _HAIR.finditer(text):
        word = match[1].casefold()
        found = next((code for code, words in HAIR.items() if word in words), "")
        if found:
            return found
    return ""


def _coat_on(name: str) -> str:
    """The colour in the middle of a sheet, where a person wears a coat; empty without a sheet."""
    if not name:
        return ""
    try:
        with opened(name) as file:
            picture = image_import.decode(file.read()).convert("RGB")
    except (MediaError, FileMissing, OSError):
        return ""
    x, y = (round(part * side) for part, side in zip(COAT, picture.size, strict=True))
    reach = max(1, min(picture.size) // 60)
    box = (max(0, x - reach), max(0, y - reach), x + reach, y + reach)
    color = picture.crop(box).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(color, tuple)
    return "{:02x}{:02x}{:02x}".format(*color[:3])
