"""Builds a film of a story.

Checks that the scenes are ready, encodes the missing segments, joins them, and stores the film with
its manifest.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import django
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage, Value
from jobs.run import Run
from media.captions import cannot_draw
from media.join import join
from media.subtitles import srt, vtt
from providers.preflight import UsedFields
from providers.store import save_as
from stories.enums import FilmKind, ReviewStatus
from stories.errors import StoryError
from stories.models import Film, Scene, Story
from stories.services import notices
from stories.services.fingerprints import is_stale
from stories.services.plan import load_scenes

from .cards import Card, cards_of
from .growing import encoded_by_jobs
from .segments import (
    ENCODER,
    CrossFade,
    Piece,
    Segment,
    encode,
    fetch,
    logo_of,
    naming,
    pieces_of,
    segments_of,
    work_folder,
)
from .sound import FilmSound, add_sound, sound_of


class FilmNotReady(StoryError):  # noqa: N818  named after the condition
    """Some scenes have no take, or a stale or rejected one.

    A person must act, or override stale and rejected takes with a reason.
    """

    code = "film_not_ready"


def problems(
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


def _require_ready(story: Story, scenes: list[Scene], kind: str, override_reason: str) -> None:
    missing, stale, rejected = problems(story, scenes, kind)
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


def _manifest(
    story: Story,
    segments: list[Segment],
    override_reason: str,
    sound: FilmSound | None = None,
    cards: Sequence[Card] = (),
) -> dict[str, Any]:
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


def _subtitles(segments: list[Segment], opening: int) -> list[tuple[Fraction, Fraction, str]]:
    """(start, end, text) of all captions of the film in seconds, whether or not they are burnt
    in. `opening`: frames of the title card.
    """
    rows, first = [], opening
    for segment in segments:
        spans = [
            (first + span.start_frame, first + span.end_frame, span.text)
            for span in segment.subtitles
        ]
        rows += [
            (Fraction(start, segment.fps), Fraction(end, segment.fps), text)
            for start, end, text in spans
        ]
        first += segment.frames
    return rows


def build_film(
    story: Story, kind: str, *, run: Run, made_by: Any, override_reason: str = ""
) -> Film:
    """Build the film of the story from its current rows.

    Returns the existing film if nothing has changed.

    Raises FilmNotReady, or MediaError (disk full, broken input, process killed). Incomplete files
    never get a final name.
    """
    scenes = load_scenes(story)
    _require_ready(story, scenes, kind, override_reason)
    sound = sound_of(story, scenes, kind)
    if sound and sound.too_long:
        raise FilmNotReady(sound.too_long[0].template, **sound.too_long[0].values)
    segments = segments_of(story, scenes, kind, sound)
    cards = cards_of(story, scenes)
    manifest = _manifest(story, segments, override_reason, sound, cards)
    manifest_hash = hashlib.sha256(
        json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
    if (
        latest := Film.objects.filter(story=story, kind=kind).order_by("-number").first()
    ) and latest.manifest_hash == manifest_hash:
        return latest
    if manifest["no_glyph_for"]:
        run.log(
            LocalizedMessage(
                gettext_noop(
                    "The captions in the picture leave out %(characters)s: no font of the "
                    "studio has it. The subtitle files carry it."
                ),
                {"characters": " ".join(manifest["no_glyph_for"])},
            ),
            level="warning",
        )
    with work_folder() as folder:
        pieces = pieces_of(segments, cards)
        encoded = _encode_missing(pieces, folder, run)
        encoded |= encoded_by_jobs(story, pieces, since=latest.created_at if latest else None)
        run.progress(97, LocalizedMessage(gettext_noop("Joining the film.")))
        parts = [_local(piece, folder) for piece in pieces]
        out = folder / "film.mp4"
        length = join(
            parts, out, title=story.title, comment=manifest_hash, should_stop=run.should_stop
        )
        if sound:
            measured, out = _with_sound(sound, out, folder, run)
            manifest |= measured
        size = out.stat().st_size
        name = f"films/{story.pk}/{kind}-{manifest_hash[:16]}.mp4"
        save_as(out, name)
    rows = _subtitles(segments, story.card_frames(segments[0].fps)[0])
    return add_film(
        story,
        kind,
        hold=run.hold,
        file=name,
        srt=srt(rows),
        vtt=vtt(rows),
        width=segments[0].size[0],
        height=segments[0].size[1],
        fps=segments[0].fps,
        frames=length.frames,
        size_bytes=size,
        manifest=manifest,
        manifest_hash=manifest_hash,
        segments_reused=len(pieces) - len(encoded),
        segments_encoded=len(encoded),
        override_reason=override_reason,
        made_by=made_by,
    )


def add_film(
    story: Story, kind: FilmKind | str, *, hold: Callable[[], None], **values: Any
) -> Film:
    """Write the film under the next number of its kind.

    `hold` is called first in the transaction; it raises if the caller may no longer write.
    """
    with transaction.atomic():
        hold()
        Story.objects.select_for_update().get(pk=story.pk)  # keeps version numbers consecutive
        number = (
            Film.objects.filter(story=story, kind=kind).aggregate(max=Max("number"))["max"] or 0
        ) + 1
        film = Film.objects.create(story=story, kind=kind, number=number, **values)
        notices.film_ready(film)
    return film


def _with_sound(
    sound: FilmSound, film: Path, folder: Path, run: Run
) -> tuple[dict[str, Any], Path]:
    """The film with its sound; how loud it is, and its outline, for the manifest."""
    note = LocalizedMessage(gettext_noop("Mixing the sound."))
    run.progress(98, note)
    out = folder / "film-with-sound.mp4"
    mixed, outline = add_sound(
        sound,
        film,
        out,
        folder=folder,
        fetch=fetch,
        should_stop=run.should_stop,
        on_progress=lambda _part: run.progress(98, note),
    )
    loudness = {
        "integrated_lufs": mixed.integrated,
        "true_peak_dbtp": mixed.true_peak,
        "samples": mixed.samples,
    }
    return {"loudness": loudness, "outline": outline}, out


def _local(piece: Piece, folder: Path) -> Path:
    path = folder / Path(piece.name).name
    return path if path.exists() else fetch(piece.name, folder)


def _encode_missing(pieces: list[Piece], folder: Path, run: Run) -> set[str]:
    """Encode each piece that no job of its own has stored. Returns their hashes."""
    storage = storages["media"]
    todo = {piece.hash: piece for piece in pieces if not storage.exists(piece.name)}
    for done, piece in enumerate(todo.values()):
        counted: dict[str, Value] = {"number": done + 1, "total": len(todo)}
        note = (
            LocalizedMessage(gettext_noop("Encoding a card (%(number)s of %(total)s)."), counted)
            if isinstance(piece, Card)
            else LocalizedMessage(
                gettext_noop("Encoding scene %(position)s (%(number)s of %(total)s)."),
                {"position": piece.scene.position, **counted},
            )
        )

        def on_progress(percent: int, done: int = done, note: LocalizedMessage = note) -> None:
            run.progress(40 + (done * 100 + percent) * 55 // (len(todo) * 100), note)

        with naming(piece):
            encoded = encode(piece, folder, should_stop=run.should_stop, on_progress=on_progress)
        save_as(encoded, piece.name)
    return set(todo)
