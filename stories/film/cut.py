"""What a film is made of: its pieces, sound and captions.

Everything is read from the rows before the film is built.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import django
from django.utils.translation import gettext_noop

from media.captions import cannot_draw
from providers.preflight import UsedFields
from stories.enums import FilmKind, ReviewStatus
from stories.errors import StoryError
from stories.models import Scene, Story
from stories.services.fingerprints import is_stale
from stories.services.plan import load_scenes

from .cards import Card, cards_of
from .segments import ENCODER, CrossFade, Piece, Segment, logo_of, pieces_of, segments_of
from .sound import FilmSound, sound_of


class FilmNotReady(StoryError):  # noqa: N818  named after the condition
    """Some scenes have no take, or a stale or rejected one.

    A person must act, or override stale and rejected takes with a reason.
    """

    code = "film_not_ready"


@dataclass(frozen=True, slots=True)
class Cut:
    """What a film is made of, fixed before it is built.

    Later changes to the rows do not affect the film.
    """

    story: Story
    kind: str
    override_reason: str
    segments: list[Segment]
    pieces: list[Piece]  # everything that is joined, in order
    sound: FilmSound | None
    manifest: dict[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 over the manifest: the same hash is the same film."""
        text = json.dumps(self.manifest, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def undrawn(self) -> list[str]:
        """The characters of the captions that no font of the studio has."""
        return list(self.manifest["no_glyph_for"])

    @property
    def fps(self) -> int:
        return self.segments[0].fps

    @property
    def size(self) -> tuple[int, int]:
        return self.segments[0].size

    @property
    def captions(self) -> list[tuple[Fraction, Fraction, str]]:
        """(start, end, text) of all captions of the film in seconds, whether or not they are burnt
        in.
        """
        rows, first = [], self.story.card_frames(self.fps)[0]
        for segment in self.segments:
            rows += [
                (
                    Fraction(first + span.start_frame, self.fps),
                    Fraction(first + span.end_frame, self.fps),
                    span.text,
                )
                for span in segment.subtitles
            ]
            first += segment.frames
        return rows


def cut_of(story: Story, kind: str, *, override_reason: str = "") -> Cut:
    """The film of the story as its rows are now. Raises FilmNotReady."""
    scenes = load_scenes(story)
    _require_ready(story, scenes, kind, override_reason)
    sound = sound_of(story, scenes, kind)
    if sound and sound.too_long:
        raise FilmNotReady(sound.too_long[0].template, **sound.too_long[0].values)
    segments = segments_of(story, scenes, kind, sound)
    cards = cards_of(story, scenes)
    pieces = pieces_of(segments, cards)
    manifest = manifest_of(story, segments, override_reason, sound, cards)
    return Cut(story, kind, override_reason, segments, pieces, sound, manifest)


def _require_ready(story: Story, scenes: list[Scene], kind: str, override_reason: str) -> None:
    missing, stale, rejected = _problems(story, scenes, kind)
    if not scenes:
        raise FilmNotReady(gettext_noop("The story has no scenes."))
    if missing:
        raise FilmNotReady(
            gettext_noop("Scene %(position)s has no take yet."), position=missing[0].position
        )
    if rejected and not override_reason:
        raise FilmNotReady(
            gettext_noop(
                "The take of scene %(position)s is rejected. Choose another, or override "
                "with a reason."
            ),
            position=rejected[0].position,
        )
    if stale and not override_reason:
        raise FilmNotReady(
            gettext_noop(
                "Scene %(position)s has changed since its take was made. Redo it, or "
                "override with a reason."
            ),
            position=stale[0].position,
        )


def _problems(
    story: Story, scenes: list[Scene], kind: str
) -> tuple[list[Scene], list[Scene], list[Scene]]:
    """The scenes whose take is missing, stale or rejected. A preview may show a stale picture."""
    missing, stale, rejected = [], [], []
    used = UsedFields()
    for scene in scenes:
        take = scene.image_take if kind == FilmKind.PREVIEW else scene.clip_take
        if take is None:
            missing.append(scene)
        elif take.review_status == ReviewStatus.REJECTED:
            rejected.append(scene)
        elif kind == FilmKind.FINAL and is_stale(story, scene, take, used=used):
            stale.append(scene)
    return missing, stale, rejected


def manifest_of(
    story: Story,
    segments: list[Segment],
    override_reason: str,
    sound: FilmSound | None = None,
    cards: Sequence[Card] = (),
) -> dict[str, Any]:
    """Everything that determines the film, as it is stored with it."""
    heard = {"sound": sound.manifest()} if sound else {}
    windows = [
        {"scene": str(piece.scene.pk), "frames": piece.length, "hash": piece.hash}
        for piece in pieces_of(segments)
        if isinstance(piece, CrossFade)
    ]
    crossed = {"cross_fades": windows} if windows else {}
    carded = {"cards": [card.manifest() for card in cards]} if cards else {}
    logo = logo_of(story)
    marked = {"logo": logo._asdict()} if logo else {}
    return (
        heard
        | crossed
        | carded
        | marked
        | {
            "story": str(story.pk),
            "title": story.title,
            "encoder": ENCODER,
            "django": django.get_version(),
            "captions_burnt": story.burn_captions,
            "override_reason": override_reason,
            "no_glyph_for": sorted(
                {piece for segment in segments for piece in cannot_draw(segment.scene.narration)}
            ),
            "segments": [
                {
                    "scene": str(segment.scene.pk),
                    "position": position,
                    "title": segment.scene.title,
                    "take": str(segment.take.pk),
                    "take_sha256": segment.take.sha256,
                    "provider": segment.take.provider,
                    "model": segment.take.model,
                    "frames": segment.frames,
                    "hash": segment.hash,
                }
                for position, segment in enumerate(segments, start=1)
            ],
        }
    )
