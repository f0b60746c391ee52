"""The entry point for reading documents, used by the form, the API and `make demo`."""

from typing import Any

from django.utils.translation import gettext_noop

from core.limited_process import MB, LimitedError, run_limited
from core.localized_messages import DomainError

from .encodings import CHOICES
from .parsing import ENDINGS, MOST_BYTES
from .script import Format, Script
from .text import understand

__all__ = ["CHOICES", "ENDINGS", "MOST_BYTES", "ScriptUnreadable", "read_script"]

SECONDS, MEMORY, OUTPUT = 30.0, 640 * MB, 4 * MB  # limits of the process that reads one document
LIMITS = {
    "timed_out": "too_complex",
    "too_much_memory": "too_complex",
    "too_much_output": "too_large",
}
WORDS = {
    "too_complex": gettext_noop("The file is too complex to be read. Save it as plain text."),
    "kind": gettext_noop("This kind of file cannot be read: %(kinds)s are."),
    "too_large": gettext_noop("The file is too large."),
    "broken": gettext_noop("The file is damaged or is not what its name says."),
    "encrypted": gettext_noop("The file is protected by a password. Save it without one."),
    "encoding": gettext_noop(
        "The text of the file cannot be read in this encoding. Choose another one or save "
        "it as UTF-8."
    ),
    "no_words": gettext_noop("No words were found in the file."),
    "scan": gettext_noop(
        "The PDF has no text: its pages are pictures. Bring the document it was made from."
    ),
    "old_office": gettext_noop(
        "Old Word and Hancom files (DOC, HWP) cannot be read. Save the document as DOCX or HWPX."
    ),
}


# Named after the condition, as the other errors of this package
class ScriptUnreadable(DomainError):  # noqa: N818
    """The document cannot be used as a script. `reason` is a key of WORDS."""

    code = "script_unreadable"

    def __init__(self, reason: str, **values: Any) -> None:
        self.reason = reason
        kinds = ", ".join(ending[1:].upper() for ending in ENDINGS)
        super().__init__(WORDS[reason], **({"kinds": kinds} if reason == "kind" else values))


def read_script(name: str, data: bytes, encoding: str = "") -> Script:
    """Read a document. `encoding` is the encoding of a text file; it is detected if omitted.

    The file is parsed in a limited subprocess. Raises ScriptUnreadable, or BusyError while the
    maximum number of files is being read. A document without words is an error, so that it never
    replaces a text.
    """
    if len(data) > MOST_BYTES:
        raise ScriptUnreadable("too_large")
    try:
        answer = run_limited(
            "stories.imports.parsing:parse",
            [name, data, encoding],
            seconds=SECONDS,
            memory_bytes=MEMORY,
            max_output_bytes=OUTPUT,
        )
    except LimitedError as error:
        raise ScriptUnreadable(LIMITS.get(error.code, "broken")) from error
    return script_of(answer)


def script_of(answer: dict[str, Any]) -> Script:
    """Convert the result of `stories.imports.parsing.parse`. Raises ScriptUnreadable."""
    if "error" in answer:
        raise ScriptUnreadable(answer["error"]["reason"], **answer["error"]["values"])
    found = answer["script"]
    form = Format(found["format"])
    blocks = understand(found["text"]).blocks
    return Script(
        title=found["title"],
        text=found["text"],
        language=found["language"],
        encoding=found["encoding"],
        format=form,
        blocks=blocks,
        left_out=tuple(found["left_out"]),
    )
