"""Script files: the two bundled samples and a person's own."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError
from stories.enums import Language
from stories.imports import reading
from stories.imports.reading import MOST_BYTES, ScriptUnreadable

SAMPLES = Path(settings.BASE_DIR) / "samples"
SAMPLE_SECONDS = 63  # nine scenes of seven seconds


class ScriptError(DomainError):
    """The file cannot be used as a script."""

    code = "script"


@dataclass(frozen=True)
class Script:
    """A script to be made into a film. `slug` is ASCII and names the film's file."""

    title: str
    text: str
    language: str
    slug: str


def sample(language: str) -> Script:
    """Returns the sample story in this language. Raises ScriptError if there is none."""
    found = sorted(SAMPLES.glob(f"*.{language}.txt"))
    if not found:
        raise ScriptError(
            gettext_noop("There is no sample in the language “%(language)s”: choose ko or en."),
            language=language,
        )
    return read_script(found[0], language=language)


def read_script(path: Path, *, language: str = "") -> Script:
    """Reads a script in any supported format. Raises ScriptError.

    The title is the document's own, else the file name. Without `language` it is detected.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScriptError(
            gettext_noop("The script %(path)s cannot be read: %(reason)s."),
            path=str(path),
            reason=str(error.strerror),
        ) from error
    try:
        found = reading.read_script(path.name, content)
    except ScriptUnreadable as error:
        if error.reason == "no_words":
            raise ScriptError(
                gettext_noop("The script %(path)s is empty."), path=str(path)
            ) from error
        if error.reason == "encoding":
            raise ScriptError(
                gettext_noop("The script %(path)s is not a text file in UTF-8."), path=str(path)
            ) from error
        raise ScriptError(
            gettext_noop("The script %(path)s cannot be read: %(reason)s"),
            path=str(path),
            reason=str(error),
        ) from error
    text = found.text
    first, _, rest = text.partition("\n")
    if first.lstrip("# ").strip() == found.title and first.startswith("# ") and rest.strip():
        text = rest.strip()  # the title is not part of the film
    spoken = found.language if found.language in Language.values else Language.EN
    return Script(
        found.title, text, language or spoken, slugify(path.stem.partition(".")[0]) or "film"
    )
