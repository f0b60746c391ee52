"""Carries place, time and persons from scene to scene, so that a story is consistent."""

import itertools
import re
from dataclasses import dataclass, field

from .vocabulary import Seen, known_word, tokens, visual_words

CARRIED = ("place", "time", "season", "weather", "person", "animal")
KEPT_FOR = {"time": 3, "weather": 1, "animal": 1}  # scenes; others stay until replaced
GONE_ELSEWHERE = ("weather", "animal")  # not carried to another place
ENGLISH_PRONOUNS = frozenset(
    ["he", "she", "they", "him", "her", "his", "them", "their", "it", "its"]
)
KOREAN_PRONOUNS = frozenset(
    [
        "그",
        "그는",
        "그가",
        "그를",
        "그의",
        "그녀",
        "그녀는",
        "그녀가",
        "그녀를",
        "그녀의",
        "그들은",
        "그들이",
    ]
)
PRONOUNS = ENGLISH_PRONOUNS | KOREAN_PRONOUNS
NO_NAMES = frozenset(
    [
        "하나",
        "둘",
        "셋",
        "모두",
        "혼자",
        "홀로",
        "역시",
        "또한",
        "함께",
        "둘이",
        "셋이",
        "다시",
        "문득",
        "이제",
        "지금",
        "그만",
    ]
)
_NAMED = re.compile(r"\b(?:named|called)\s+([A-Z][a-z]+)")
_NAME_PARTICLE = re.compile(r"^([가-힣]{2,4}?)(?:는|은|이|가|이는|이가|와|과|의|에게)$")


@dataclass(slots=True)
class Context:
    """The context of a story.

    `age` counts the scenes since something was mentioned; `names` are proper names of persons that
    were introduced.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    age: dict[str, int] = field(default_factory=dict)
    names: dict[str, Seen] = field(default_factory=dict)

    def move(self) -> None:
        """Handle a heading with place or time: forget the earlier ones and what depends on them."""
        for category in ("place", "time", *GONE_ELSEWHERE):
            self.seen.pop(category, None)
            self.age.pop(category, None)

    def hear(self, text: str) -> tuple[list[Seen], list[Seen]]:
        """Return the visual words of a scene, and those that it takes over from earlier scenes."""
        self._learn_names(text)
        words = list(visual_words(text, names=self.names))
        mentioned = {word.category for word in words}
        moved = self._moved(words)
        follows = not moved or any(token.lower() in PRONOUNS for token in tokens(text))
        self._forget(mentioned, moved=moved)
        carried = [
            self.seen[category]
            for category in CARRIED
            if category in self.seen
            and category not in mentioned
            and (category != "person" or follows)
        ]
        for word in words:
            if word.category in CARRIED:
                self.seen[word.category], self.age[word.category] = word, 0
        return words, carried

    def _moved(self, words: list[Seen]) -> bool:
        place = self.seen.get("place")
        return place is not None and any(
            word.category == "place" and word.gloss != place.gloss for word in words
        )

    def _forget(self, mentioned: set[str], *, moved: bool) -> None:
        for category in list(self.seen):
            self.age[category] += 1
            new_season = "season" in mentioned and category in {"weather", "time"}
            if (
                self.age[category] > KEPT_FOR.get(category, 10_000)
                or new_season
                or (moved and category in GONE_ELSEWHERE)
            ):
                del self.seen[category], self.age[category]

    def _learn_names(self, text: str) -> None:
        """Learn names: “소녀 하루는” makes 하루 a girl, “a girl named Mina” Mina."""
        heard = tokens(text)
        for before, token in itertools.pairwise(heard):
            person, name = known_word(before), _NAME_PARTICLE.match(token)
            if (
                person
                and person.category == "person"
                and before == person.word
                and name
                and name[1] not in NO_NAMES
                and not known_word(token)
            ):
                self.names[name[1]] = person
        for match in _NAMED.finditer(text):
            people = [
                word for word in visual_words(text[: match.start()]) if word.category == "person"
            ]
            if people:
                self.names[match[1]] = people[-1]
