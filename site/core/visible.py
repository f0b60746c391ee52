"""Whether a text has visible characters. Zero-width characters, bidirectional controls and fillers
are invisible.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Invisible characters: white space, control and format characters, fillers, variation selectors.
# A character class valid in both Python and ECMAScript, which readers of the API document use.
INVISIBLE = (
    r"\s\u0000-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_DRAWS_NOTHING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_TAGS = range(0xE0000, 0xE1000)  # tags and further variation selectors, also those not yet assigned


def is_visible(text: str) -> bool:
    """Return whether at least one character of the text is visible."""
    return any(
        not _INVISIBLE.match(sign)
        and unicodedata.category(sign) not in _DRAWS_NOTHING
        and ord(sign) not in _TAGS
        for sign in text
    )


def stripped(text: str) -> str:
    """Return the text without surrounding white space; empty if it has no visible character."""
    return text.strip() if is_visible(text) else ""


def require_visible(text: str) -> None:
    """Validator for titles and names. Empty text is handled by `blank`.

    Raises ValidationError.
    """
    if text and not is_visible(text):
        raise ValidationError(_("Write something that can be seen."), code="invisible")
