"""The step before a story is created: what was read from its script, with suitable settings."""

import base64
import binascii
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from stories.enums import AspectRatio, Language
from stories.imports.advice import Advice, advise
from stories.imports.encodings import CHOICES
from stories.imports.reading import MOST_BYTES, ScriptUnreadable, read_script
from stories.imports.script import BlockKind, Format, Script
from stories.models import MAX_SCRIPT, Story

READ = "_read"  # name of the button
# Larger than any text file that fits a script; kept to be read in another encoding.
KEPT_BYTES = 400_000
FIELDS = ("title", "script", "duration_seconds", "aspect_ratio", "language", "style")
REMEMBERED = ("aspect_ratio", "style")
LANGUAGES = {"ko": _("Korean"), "en": _("English"), "ja": _("Japanese"), "zh": _("Chinese")}
FORMATS = {
    Format.PROSE: _("Prose"),
    Format.SCREENPLAY: _("Screenplay"),
    Format.SUBTITLES: _("Subtitles"),
}
KINDS = {
    BlockKind.HEADING: _("Scene heading"),
    BlockKind.ACTION: _("Action"),
    BlockKind.CUE: _("Speaker"),
    BlockKind.DIALOGUE: _("Dialogue"),
    BlockKind.PARENTHETICAL: _("Direction"),
    BlockKind.LYRICS: _("Lyrics"),
    BlockKind.NARRATION: _("Narration"),
    BlockKind.SECTION: _("Section"),
    BlockKind.SYNOPSIS: _("Synopsis"),
    BlockKind.TRANSITION: _("Transition"),
    BlockKind.NOTE: _("Note"),
}
LEFT_OUT = {
    "code": _("code"),
    "comment": _("comments"),
    "hidden": _("hidden text"),
    "struck": _("struck-out text"),
    "table": _("tables"),
}


@dataclass(slots=True)
class Reading:
    """What the page shows, and the values that fill in the form."""

    advice: Advice
    initial: dict[str, Any]
    encoding: str = ""
    left_out: list[Any] = field(default_factory=list)

    @property
    def language(self) -> Any:
        return LANGUAGES.get(self.advice.language, "")

    @property
    def format(self) -> Any:
        return FORMATS[self.advice.format]

    @property
    def too_short(self) -> bool:
        """Whether the length in the form is too short to read the captions."""
        return 0 < self._seconds < self.advice.readable_seconds

    @property
    def readable_characters(self) -> int:
        """How many spoken characters can be read in the length in the form."""
        return self._seconds * self.advice.readable_per_minute // 60

    @property
    def _seconds(self) -> int:
        """The length in the form; 0 if it is none."""
        seconds = str(self.initial.get("duration_seconds", ""))
        return int(seconds[:6]) if seconds.isascii() and seconds.isdecimal() else 0

    @property
    def encoding_name(self) -> str:
        return CHOICES.get(self.encoding, self.encoding)

    @property
    def speakers(self) -> str:
        return ", ".join(self.advice.speakers)

    @property
    def blocks(self) -> list[tuple[Any, str]]:
        return [(KINDS[kind], text) for kind, text in self.advice.blocks]


def remembered(user: Any) -> dict[str, Any]:
    """The settings that the user chose for their last story."""
    last = (
        Story.objects.filter(owner=user).order_by("-created_at", "-id").values(*REMEMBERED).first()
    )
    return last or {}


def read(request: HttpRequest) -> Reading | None:
    """The script in the form, read without creating a story.

    None if the story is to be created, or if reading fails.

    The form reports a failure: it reads the file again and keeps the typed text.
    """
    if request.method != "POST" or not (READ in request.POST or request.FILES.get("script_file")):
        return None
    typed = {name: request.POST[name] for name in FIELDS if name in request.POST}
    name, data = sent_file(request)
    try:
        script = (
            read_script(
                name, data, request.POST.get("encoding", "") if READ in request.POST else ""
            )
            if name
            else None
        )
    except ScriptUnreadable as error:
        if error.reason == "encoding" and len(data) <= KEPT_BYTES:
            kept = {"kept_name": name[:200], "kept_file": base64.b64encode(data).decode()}
            # Allows another encoding to be chosen
            request.POST = _with(request.POST, kept)  # type: ignore[assignment]
        return None
    text = script.text if script else typed.get("script", "")
    if len(text) > MAX_SCRIPT or (script is None and not text.strip()):
        return None
    advice = advise(text)
    initial = {**typed, **_proposed(typed, advice, script), "script": text}
    reading = Reading(advice, initial)
    if script:
        reading.encoding = script.encoding
        reading.left_out = [LEFT_OUT[name] for name in script.left_out if name in LEFT_OUT]
        if script.encoding and len(data) <= KEPT_BYTES:
            initial |= {
                "kept_name": name[:200],
                "kept_file": base64.b64encode(data).decode(),
                "encoding": script.encoding,
            }
    return reading


@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """What a text that was just pasted suggests, as JSON: values for the form, and a sentence.

    422 for a text without words or one that is too long; the form says why when it is sent.
    """
    text = request.POST.get("script", "")
    if not text.strip() or len(text) > MAX_SCRIPT:
        return JsonResponse({}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    advice = advise(text)
    values: dict[str, Any] = {"duration_seconds": advice.duration_seconds}
    if advice.title:
        values["title"] = advice.title
    if advice.language in Language.values:
        values["language"] = advice.language
    if advice.aspect_ratio in AspectRatio.values:
        values["aspect_ratio"] = advice.aspect_ratio
    context = {"advice": advice, "language": LANGUAGES.get(advice.language, "")}
    words = render_to_string("studio/story/proposed.html", context)
    return JsonResponse({"values": values, "words": " ".join(words.split())})


def sent_file(request: HttpRequest) -> tuple[str, bytes]:
    """Name and bytes of the file that was uploaded, now or with the previous form.

    Empty if there is none.
    """
    file: Any = request.FILES.get("script_file")
    if file:
        return sent_file_of(file)
    return request.POST.get("kept_name", ""), kept_bytes(request.POST.get("kept_file", ""))


def sent_file_of(file: Any) -> tuple[str, bytes]:
    """Name and bytes of an uploaded file, which can be read again afterwards."""
    file.seek(0)
    data = file.read(MOST_BYTES + 1)
    file.seek(0)
    return file.name or "", data


def _with(sent: QueryDict, more: dict[str, str]) -> QueryDict:
    sent = sent.copy()
    for name, value in more.items():
        sent[name] = value
    return sent


def kept_bytes(text: str) -> bytes:
    """The file that a form carries along. Empty if it is not valid base64."""
    try:
        return base64.b64decode(text, validate=True) if len(text) <= 2 * KEPT_BYTES else b""
    except (binascii.Error, ValueError):
        return b""


def _proposed(typed: dict[str, str], advice: Advice, script: Script | None) -> dict[str, Any]:
    """Title, language, length and aspect ratio, unless the user has already set them."""
    found: dict[str, Any] = {}
    if not typed.get("title", "").strip():
        found["title"] = script.title if script else advice.title
    if advice.language in Language.values:
        found["language"] = advice.language
    # Django's documented model API
    default = Story._meta.get_field("duration_seconds").default  # noqa: SLF001
    if typed.get("duration_seconds", "").strip() in {"", str(default)}:
        found["duration_seconds"] = advice.duration_seconds
    if advice.aspect_ratio in AspectRatio.values:
        found["aspect_ratio"] = advice.aspect_ratio
    return found
