"""Planning without a model: the script is cut at its sentences, and each part gets title, prompt and camera from its own words."""

import re
from typing import Any

from django.utils.translation import gettext_noop

from ground.sentences import clusters, parts
from providers.enums import Refusal
from providers.errors import Refused
from providers.requests import TextRequest

from .context import Context
from .words import Seen

MAX_SCENES = 2000
PROMPT_TEXT = 280  # characters of the narration that go into the prompt
TITLE = {"ko": 20, "en": 36}  # characters
CAMERAS = ("push_in", "pan_right", "pull_out", "tilt_up", "pan_left", "tilt_down")
CAMERA_WORDS = {
    "tilt_up": {"sky", "stars", "moon", "lighthouse", "mountain", "tree", "flying", "climbing", "balloon", "rocket", "fireworks", "temple", "kite"},
    "tilt_down": {"rain", "snow", "falling", "waterfall", "leaf", "river"},
    "pan_right": {"walking", "running", "train", "road", "boat", "sailing", "horse", "bicycle", "car"},
    "pan_left": {"returning", "street", "market", "field", "people"},
    "push_in": {"letter", "window", "smiling", "crying", "candle", "book", "photograph", "door", "key", "lantern", "waiting", "room"},
    "pull_out": {"leaving", "sea", "city", "desert", "space", "lonely", "sunset"},
}
SHOTS = {
    "ko": ("가까이서 본 모습", "멀리서 본 풍경", "손과 사물의 세부", "옆에서 본 모습"),
    "en": ("close view", "wide view", "detail of hands and things", "side view"),
}


def plan(request: TextRequest) -> list[dict[str, Any]]:
    """Exactly `request.scenes` scenes in the form of `TextRequest`'s result; the same request gives the same scenes.

    The narrations joined give back the script. A script too short for so many scenes leaves later shots of a sentence
    without narration. Raises `Refused` (invalid) for an empty script or an impossible number.
    """
    if not 1 <= request.scenes <= MAX_SCENES:
        raise Refused(gettext_noop("A story has between 1 and %(most)s scenes."), kind=Refusal.INVALID, most=MAX_SCENES)
    if not any(char.isalnum() for char in request.script):
        raise Refused(gettext_noop("The script is empty: there is nothing to make scenes of."), kind=Refusal.INVALID)
    context, camera = Context(), ""
    scenes: list[dict[str, Any]] = []
    source, shot = "", 0
    for pieces in parts(request.script, request.scenes):
        narration = " ".join(pieces)
        source, shot = (narration, 0) if narration else (source, shot + 1)
        words, carried = context.hear(source)
        camera = _camera(words, position=len(scenes), last=camera)
        scenes.append({
            "title": _title(source, request.language, shot),
            "narration": narration,
            "prompt": _prompt(source, carried, request.language, shot),
            "prompt_en": _prompt_en(source, words, carried, request.language, shot),
            "camera": camera,
        })  # fmt: skip
    return scenes


def _title(text: str, language: str, shot: int) -> str:
    """The beginning of the narration, cut at a word; a later shot of the same words is numbered."""
    bare = re.sub(r"[\"“”‘’'「」『』()\[\]《》〈〉]", "", text).strip()
    first = re.split(r"(?<=[.!?…。！？])\s", bare)[0].rstrip(".!?…。！？,;: ") or bare or text
    title = _shortened(first, TITLE[language])
    return f"{title} ({shot + 1})" if shot else title


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    words = text[: most + 1].rsplit(None, 1)[0] if " " in text[1 : most + 1] else ""
    if words:
        return f"{words.rstrip(',;: ')}…"
    kept = ""
    for cluster in clusters(text[: most + 1]):
        if len(kept + cluster) > most:
            break
        kept += cluster
    return f"{kept or text[:most]}…"


def _prompt(text: str, carried: list[Seen], language: str, shot: int) -> str:
    """The narration itself, with what the earlier scenes have said about where, when and who."""
    return _listed(_shortened(text, PROMPT_TEXT), *(word.word for word in carried), *([SHOTS[language][(shot - 1) % 4]] if shot else []))


def _listed(first: str, *more: str) -> str:
    """The pieces with commas; the full stop of a sentence that goes on is dropped."""
    return ", ".join([first.rstrip(".。 ") or first, *more]) if more else first


def _prompt_en(text: str, words: list[Seen], carried: list[Seen], language: str, shot: int) -> str:
    """English: the text when it is English already, else the glosses of the words that are known, which may be none."""
    context = [word.gloss for word in carried]
    known = [_shortened(text, PROMPT_TEXT)] if language == "en" and text.isascii() else [word.gloss for word in words]
    if not known and not context:
        return ""
    return _listed(*known, *context, *([SHOTS["en"][(shot - 1) % 4]] if shot else []))


def _camera(words: list[Seen], *, position: int, last: str) -> str:
    """The move that the words ask for, else the next in turn; never the same twice in a row."""
    glosses = {word.gloss for word in words}
    asked = sorted(((len(glosses & wanted), move) for move, wanted in CAMERA_WORDS.items() if glosses & wanted and move != last), key=lambda pair: -pair[0])
    if asked:
        return asked[0][1]
    return next(move for move in (CAMERAS[(position + n) % len(CAMERAS)] for n in range(2)) if move != last)
