"""The cards of a film: its title before the first scene, and the end card after the last one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.cards import encode_card
from stories.models import Scene, Story
from stories.services.fingerprints import frame_rate, frame_size

from .names import digest, stored

DRAWING = 1  # increment when the same inputs would give another picture
TITLE, END = "title", "end"


@dataclass(frozen=True, slots=True)
class Card:
    """One card as it appears in the film, beside the first or the last scene."""

    place: str
    text: str
    length: int  # frames
    fps: int
    size: tuple[int, int]
    scene: Scene

    @property
    def hash(self) -> str:
        """SHA-256 over everything that determines the bytes of the card."""
        return digest(["card", DRAWING, self.text, self.length, self.fps, *self.size])

    @property
    def name(self) -> str:
        """Name in the media storage."""
        return stored(self.hash)

    def manifest(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "text": self.text,
            "frames": self.length,
            "hash": self.hash,
        }

    def encode(
        self, folder: Path, *, should_stop: Callable[[], bool], on_progress: Callable[[int], None]
    ) -> Path:
        """Encode the card into the folder. Raises MediaError."""
        out = folder / f"{self.hash}.mp4"
        encode_card(
            self.text,
            out,
            frames=self.length,
            size=self.size,
            fps=self.fps,
            should_stop=should_stop,
            on_progress=on_progress,
        )
        return out


def cards_of(story: Story, scenes: Sequence[Scene]) -> list[Card]:
    """The cards of a film of these scenes. A film without scenes has none. No query."""
    if not scenes:
        return []
    fps, size = frame_rate(story), frame_size(story)
    opening, closing = story.card_frames(fps)
    cards = [
        Card(TITLE, story.title_card, opening, fps, size, scenes[0]),
        Card(END, story.end_card, closing, fps, size, scenes[-1]),
    ]
    return [card for card in cards if card.length]
