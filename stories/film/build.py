"""Builds the film of a cut: encodes what is missing, joins the pieces and mixes the sound."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage, Value
from jobs.run import Run
from media.join import join
from media.subtitles import srt, vtt
from providers.store import save_as
from stories.enums import FilmKind
from stories.models import Film, Story
from stories.services import notices

from .cards import Card
from .cut import Cut
from .growing import encoded_by_jobs
from .segments import Piece, encode, fetch, naming, work_folder
from .sound import FilmSound, add_sound


def build_film(cut: Cut, *, run: Run, made_by: Any) -> Film:
    """Build the film of this cut, or return it if it is the story's newest film of its kind.

    Raises MediaError (disk full, broken input, process killed). Incomplete files never get a final
    name.
    """
    manifest, manifest_hash = dict(cut.manifest), cut.hash
    latest = Film.objects.filter(story=cut.story, kind=cut.kind).order_by("-number").first()
    if latest and latest.manifest_hash == manifest_hash:
        return latest
    if cut.undrawn:
        run.log(
            LocalizedMessage(
                gettext_noop(
                    "The captions in the picture leave out %(characters)s: no font of the "
                    "studio has it. The subtitle files carry it."
                ),
                {"characters": " ".join(cut.undrawn)},
            ),
            level="warning",
        )
    with work_folder() as folder:
        encoded = _encode_missing(cut.pieces, folder, run)
        encoded |= encoded_by_jobs(
            cut.story, cut.pieces, since=latest.created_at if latest else None
        )
        run.progress(97, LocalizedMessage(gettext_noop("Joining the film.")))
        parts = [_local(piece, folder) for piece in cut.pieces]
        out = folder / "film.mp4"
        length = join(
            parts, out, title=cut.story.title, comment=manifest_hash, should_stop=run.should_stop
        )
        if cut.sound:
            measured, out = _with_sound(cut.sound, out, folder, run)
            manifest |= measured
        size = out.stat().st_size
        name = f"films/{cut.story.pk}/{cut.kind}-{manifest_hash[:16]}.mp4"
        save_as(out, name)
    return add_film(
        cut.story,
        cut.kind,
        hold=run.hold,
        file=name,
        srt=srt(cut.captions),
        vtt=vtt(cut.captions),
        width=cut.size[0],
        height=cut.size[1],
        fps=cut.fps,
        frames=length.frames,
        size_bytes=size,
        manifest=manifest,
        manifest_hash=manifest_hash,
        segments_reused=len(cut.pieces) - len(encoded),
        segments_encoded=len(encoded),
        override_reason=cut.override_reason,
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
