"""Recordings that replace the voices of a scene, or of the whole film."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage, Value
from stories.enums import ReviewStatus
from stories.models import Scene, SceneSound, SoundTake, StorySound, tenths

FADED_MS = 500  # of silence at the end of a recording may be cut off
TOO_LONG = gettext_noop(
    "The recording of scene %(position)s is %(length)s s long, and the scene %(seconds)s s. Make "
    "the scene %(needed)s s long, or upload a shorter recording."
)
FILM_TOO_LONG = gettext_noop(
    "The recording of the film is %(length)s s long, and the film %(seconds)s s. Make scenes "
    "longer, or upload a shorter recording."
)


def usable(take: SoundTake | None) -> SoundTake | None:
    """The take unless it is rejected."""
    return take if take is not None and take.review_status != ReviewStatus.REJECTED else None


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recording of the whole film, and those of scenes. The former replaces the latter."""

    film: SoundTake | None
    scenes: Mapping[UUID, SoundTake]

    def of_scene(self, scene: Scene) -> SoundTake | None:
        """The recording that is heard in this scene instead of its lines."""
        return self.film or self.scenes.get(scene.pk)

    def too_long(self, scenes: Sequence[Scene]) -> tuple[LocalizedMessage, ...]:
        """What would be cut off, with a remedy."""
        if self.film is not None:
            seconds = tenths(sum(scene.duration_seconds for scene in scenes))
            if self.film.duration_ms <= seconds * 1000 + FADED_MS:
                return ()
            values: dict[str, Value] = {"length": _seconds(self.film), "seconds": seconds}
            return (LocalizedMessage(FILM_TOO_LONG, values),)
        return tuple(
            LocalizedMessage(
                TOO_LONG,
                {
                    "position": scene.position,
                    "length": _seconds(take),
                    "seconds": scene.duration_seconds,
                    "needed": tenths(ceil((take.duration_ms - FADED_MS) / 100) / 10),
                },
            )
            for scene in scenes
            if (take := self.scenes.get(scene.pk)) is not None
            and take.duration_ms > scene.duration_ms + FADED_MS
        )


def _seconds(take: SoundTake) -> str:
    return f"{take.duration_ms / 1000:.1f}"


def recordings_of(settings: StorySound, scenes: Mapping[UUID, SceneSound]) -> Recordings:
    found = {key: usable(row.recording) for key, row in scenes.items()}
    return Recordings(
        usable(settings.recording), {key: take for key, take in found.items() if take is not None}
    )
