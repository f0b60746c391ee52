"""Scripts in files: the two samples that come with the studio, and a person's own."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext_noop

from ground.sentence import SaidError
from stories.enums import Language

SAMPLES = Path(settings.BASE_DIR) / "samples"
SAMPLE_SECONDS = 63  # nine scenes of seven seconds
ENCODINGS = ("utf-8-sig", "cp949")  # the second is what old Korean Windows programs write
HANGUL = re.compile(r"[가-힣]")
MOSTLY = 0.2  # a Korean text has many Latin letters and digits; an English one has hardly any Hangul


class ScriptError(SaidError):
    """The file cannot be used as a script."""

    code = "script"


@dataclass(frozen=True)
class Script:
    """A text to be made into a film. `slug` is ASCII and names the film's file."""

    title: str
    text: str
    language: str
    slug: str


def sample(language: str) -> Script:
    """The sample story in this language. Raises ScriptError if there is none."""
    found = sorted(SAMPLES.glob(f"*.{language}.txt"))
    if not found:
        raise ScriptError(gettext_noop("There is no sample in the language “%(language)s”: choose ko or en."), language=language)
    return read_script(found[0], language=language)


def read_script(path: Path, *, language: str = "") -> Script:
    """Reads a script. A first line that begins with `#` is its title, else the file's name is. Raises ScriptError.

    Without `language` the text decides: Korean if at least a fifth of its letters are Hangul.
    """
    text = _decoded(path).strip()
    title = path.stem.partition(".")[0].replace("_", " ")
    if text.startswith("#"):
        first, _, text = text.partition("\n")
        title = first.lstrip("# ").strip() or title
    if not text.strip():
        raise ScriptError(gettext_noop("The script %(path)s is empty."), path=str(path))
    return Script(title[:200], text.strip(), language or _language_of(text), slugify(path.stem.partition(".")[0]) or "film")


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScriptError(gettext_noop("The script %(path)s cannot be read: %(reason)s."), path=str(path), reason=str(error.strerror)) from error
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ScriptError(gettext_noop("The script %(path)s is not a text file in UTF-8."), path=str(path))


def _language_of(text: str) -> str:
    letters = sum(character.isalpha() for character in text)
    return Language.KO if len(HANGUL.findall(text)) >= MOSTLY * max(letters, 1) else Language.EN
