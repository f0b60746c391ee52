"""Planning without a model.

The script is split at sentence boundaries; each part gets title, prompt and camera from its own
words.
"""

import re
from typing import Any

from django.utils.translation import gettext_noop

from core.sentences import clusters, parts, sentences
from providers.enums import Refusal
from providers.errors import Refused
from providers.requests import Passage, TextRequest

from .context import Context
from .vocabulary import Seen

MAX_SCENES = 2000
PROMPT_TEXT = 280  # characters of the narration that go into the prompt
TITLE = {"ko": 20, "en": 36}  # characters
CAMERAS = ("push_in", "pan_right", "pull_out", "tilt_up", "pan_left", "tilt_down")
CAMERA_WORDS = {
    "tilt_up": {
        "sky",
        "stars",
        "moon",
        "lighthouse",
        "mountain",
        "tree",
        "flying",
        "climbing",
        "balloon",
        "rocket",
        "fireworks",
        "temple",
        "kite",
    },
    "tilt_down": {"rain", "snow", "falling", "waterfall", "leaf", "river"},
    "pan_right": {
        "walking",
        "running",
        "train",
        "road",
        "boat",
        "sailing",
        "horse",
        "bicycle",
        "car",
    },
    "pan_left": {"returning", "street", "market", "field", "people"},
    "push_in": {
        "letter",
        "window",
        "smiling",
        "crying",
        "candle",
        "book",
        "photograph",
        "door",
        "key",
        "lantern",
        "waiting",
        "room",
    },
    "pull_out": {"leaving", "sea", "city", "desert", "space", "lonely", "sunset"},
}
SCENE = {"ko": "장면 %d", "en": "Scene %d"}
_WORD = re.compile(r"[^\W\d_]{2,}|[가-힣一-鿿ぁ-ヿ]")
_LIST_MARK = re.compile(
    r"^(?:[(（]?(?:\d{1,3}|[가나다라마바사아자차카타파하])[.)）]|[-*•·▪①-⑳])\s+"
)
SHOTS = {
    "ko": ("가까이서 본 모습", "멀리서 본 풍경", "손과 사물의 세부", "옆에서 본 모습"),
    "en": ("close view", "wide view", "detail of hands and things", "side view"),
}


def plan(request: TextRequest) -> list[dict[str, Any]]:
    """Return exactly `request.scenes` scenes in the form of `TextRequest`'s result.

    The same request returns the same scenes. The joined narrations are the script. If the script is
    too short for that many scenes, later shots of a sentence have no narration. Raises `Refused`
    (invalid) for an empty script or an invalid number of scenes.
    """
    if not 1 <= request.scenes <= MAX_SCENES:
        raise Refused(
            gettext_noop("A story has between 1 and %(most)s scenes."),
            kind=Refusal.INVALID,
            most=MAX_SCENES,
        )
    if not any(char.isalnum() for char in request.script):
        raise Refused(
            gettext_noop("The script is empty: there is nothing to make scenes of."),
            kind=Refusal.INVALID,
        )
    context, camera = Context(), ""
    scenes: list[dict[str, Any]] = []
    source, shot = _first_words(request), 0  # subtitles may start later than the film
    for passage in request.passages or [Passage(text=request.script, scenes=request.scenes)]:
        if passage.place or passage.time:
            context.move()
        for number, pieces in enumerate(parts(passage.text, passage.scenes)):
            narration = " ".join(pieces)
            source, shot = (narration, 0) if narration else (source, shot + 1)
            begins = number == 0 and bool(passage.title or passage.place or passage.time)
            words, carried = context.hear(
                f"{_place_and_time(passage)} {source}" if begins else source
            )
            camera = _camera(words, position=len(scenes), last=camera)
            scenes.append(
                {
                    "title": _place_title(passage, request.language)
                    if begins and narration
                    else _title(source, request.language, shot, len(scenes) + 1),
                    "narration": narration,
                    "prompt": _prompt(
                        source, _shown(passage), _unsaid(passage, carried), request.language, shot
                    ),
                    "prompt_en": _prompt_en(
                        source,
                        passage,
                        words,
                        _unsaid(passage, carried),
                        language=request.language,
                        shot=shot,
                    ),
                    "camera": camera,
                }
            )
    return scenes


def _first_words(request: TextRequest) -> str:
    return next((passage.text for passage in request.passages if passage.text.strip()), "")


def _place_and_time(passage: Passage) -> str:
    """Return place and time from a heading; a title without them may contain them, too."""
    return f"{passage.place or passage.title}, {passage.time}.".lower()


def _shown(passage: Passage) -> list[str]:
    return [_cased(words) for words in (passage.place, passage.time) if words]


def _unsaid(passage: Passage, carried: list[Seen]) -> list[Seen]:
    """Return the carried words without those that the heading replaces."""
    mentioned = {"place"} if passage.place else set()
    mentioned |= {"time"} if passage.time else set()
    return [word for word in carried if word.category not in mentioned]


def _cased(words: str) -> str:
    """Convert a heading in capitals to normal case.

    Capitals are unsuitable for a title, and in a prompt they look like text to be rendered.
    """
    return words.capitalize() if words.isupper() and words.isascii() else words


def _place_title(passage: Passage, language: str) -> str:
    words = ", ".join(_shown(passage)) or _cased(passage.title)
    return _shortened(words, 2 * TITLE[language])


def _title(text: str, language: str, shot: int, number: int) -> str:
    """Return the beginning of the narration, cut at a word.

    A later shot of the same text is numbered. Never a number or a punctuation mark alone.
    """
    bare = re.sub(r"[\"“”‘’'「」『』()\[\]《》〈〉]", "", text).strip()
    first = next((words for sentence in sentences(bare) if (words := _named(sentence))), "")
    if not first:
        return SCENE[language] % number
    title = _shortened(first, TITLE[language])
    return f"{title} ({shot + 1})" if shot else title


def title_of(text: str, language: str) -> str:
    """Return the title that a scene with this text would get; empty if it names nothing."""
    first = next((words for sentence in sentences(text) if (words := _named(sentence))), "")
    return _shortened(first, TITLE[language])


def _named(sentence: str) -> str:
    """Return a sentence without list number and final punctuation, if a word is left."""
    words = _LIST_MARK.sub("", sentence).rstrip(".!?…。！？,;: ")
    return words if _WORD.search(words) else ""


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


def _prompt(text: str, place: list[str], carried: list[Seen], language: str, shot: int) -> str:
    """Return the narration with place, time and persons from its heading and the earlier scenes."""
    more = [SHOTS[language][(shot - 1) % 4]] if shot else []
    return _listed(_shortened(text, PROMPT_TEXT), *place, *(word.word for word in carried), *more)


def _listed(first: str, *more: str) -> str:
    """Join the pieces with commas, dropping the full stop of the first."""
    return ", ".join([first.rstrip(".。 ") or first, *more]) if more else first


def _prompt_en(
    text: str, passage: Passage, words: list[Seen], carried: list[Seen], *, language: str, shot: int
) -> str:
    """Return an English prompt: the text if it is English, else the glosses of known words."""
    context = [words for words in _shown(passage) if words.isascii()] + [
        word.gloss for word in carried
    ]
    known = (
        [_shortened(text, PROMPT_TEXT)]
        if language == "en" and text.isascii()
        else [word.gloss for word in words]
    )
    if not known and not context:
        return ""
    return _listed(*known, *context, *([SHOTS["en"][(shot - 1) % 4]] if shot else []))


def _camera(words: list[Seen], *, position: int, last: str) -> str:
    """Return the camera move that the words suggest, else the next in rotation; never `last`."""
    glosses = {word.gloss for word in words}
    asked = sorted(
        (
            (len(glosses & wanted), move)
            for move, wanted in CAMERA_WORDS.items()
            if glosses & wanted and move != last
        ),
        key=lambda pair: -pair[0],
    )
    if asked:
        return asked[0][1]
    return next(
        move for move in (CAMERAS[(position + n) % len(CAMERAS)] for n in range(2)) if move != last
    )
