"""Builds a film of a story.

Checks that the scenes are ready, encodes the missing segments, joins them, and stores the film with
its manifest.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import django
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.run import Run
from media.captions import cannot_draw
from media.errors import MediaError
from media.join import join
from media.subtitles import srt, vtt
from providers.store import FileMissing, save_as
from stories.enums import FilmKind, ReviewStatus
from stories.errors import StoryError
from stories.models import Film, Scene, Story, Take
from stories.services.fingerprints import is_stale
from stories.services.plan import load_scenes

from .segments import ENCODER, Segment, encode, fetch, segments_of, work_folder
from .sound import FilmSound, add_sound, sound_of

LOST_FILE = gettext_noop(
    "The file of take %(take)s of scene %(position)s is missing in the store: %(name)s. "
    "It goes on when the file is restored from the backup, or another take is chosen."
)
BROKEN_FILE = gettext_noop(
    "The file of take %(take)s of scene %(position)s cannot be read: it is damaged. Choose "
    "or upload another take."
)


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
    for scene in scenes:
        take = scene.image_take if kind == FilmKind.PREVIEW else scene.clip_take
        if take is None:
            missing.append(scene)
        elif take.review_status == ReviewStatus.REJECTED:
            rejected.append(scene)
        elif kind == FilmKind.FINAL and is_stale(story, scene, take):
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
    story: Story, segments: list[Segment], override_reason: str, sound: FilmSound | None = None
) -> dict[str, Any]:
    heard = {"sound": sound.manifest()} if sound else {}
    return heard | {
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


def _subtitles(segments: list[Segment]) -> list[tuple[Fraction, Fraction, str]]:
    """(start, end, text) of all captions of the film in seconds, whether or not they are burnt
    in.
    """
    rows, first = [], 0
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
    manifest = _manifest(story, segments, override_reason, sound)
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
        reused, encoded = _encode_missing(segments, folder, run)
        run.progress(97, LocalizedMessage(gettext_noop("Joining the film.")))
        parts = [_local(segment, folder) for segment in segments]
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
    rows = _subtitles(segments)
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
        segments_reused=reused,
        segments_encoded=encoded,
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
        return Film.objects.create(story=story, kind=kind, number=number, **values)


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


def _local(segment: Segment, folder: Path) -> Path:
    path = folder / Path(segment.name).name
    return path if path.exists() else fetch(segment.name, folder)


@contextmanager
def _naming(segment: Segment) -> Iterator[None]:
    """Add the file's scene and take to an error, so that a person knows which file to replace."""
    try:
        yield
    except FileMissing as error:
        raise FileMissing(LOST_FILE, **_named(segment), name=segment.take.file) from error
    except MediaError as error:
        if error.code != "broken_input":
            raise
        raise MediaError(
            BROKEN_FILE, code=error.code, detail=error.detail, **_named(segment)
        ) from error


def _named(segment: Segment) -> dict[str, int]:
    """The scene's position and the take's number as shown on the scene's page."""
    take = segment.take
    same = Take.objects.filter(scene=take.scene_id, kind=take.kind)
    older = same.filter(
        Q(created_at__lt=take.created_at) | Q(created_at=take.created_at, pk__lt=take.pk)
    )
    return {"position": segment.scene.position, "take": older.count() + 1}


def _encode_missing(segments: list[Segment], folder: Path, run: Run) -> tuple[int, int]:
    """Encode each segment that is missing in storage.

    Returns how many were reused and how many encoded.
    """
    storage = storages["media"]
    todo = {segment.hash: segment for segment in segments if not storage.exists(segment.name)}
    for done, segment in enumerate(todo.values()):
        note = LocalizedMessage(
            gettext_noop("Encoding scene %(position)s (%(number)s of %(total)s)."),
            {"position": segment.scene.position, "number": done + 1, "total": len(todo)},
        )

        def on_progress(percent: int, done: int = done, note: LocalizedMessage = note) -> None:
            run.progress(40 + (done * 100 + percent) * 55 // (len(todo) * 100), note)

        with _naming(segment):
            encoded = encode(segment, folder, should_stop=run.should_stop, on_progress=on_progress)
        save_as(encoded, segment.name)
    return len(segments) - len(todo), len(todo)
