"""Response types for films: the versions of a preview or a final film."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.controllers import Call
from stories.enums import FilmKind
from stories.errors import GuardRefused
from stories.models import Film

from .parts import Link, Moment, link


class LoudnessOut(msgspec.Struct):
    """As measured in the finished film. `integrated_lufs` is null if only room tone is heard."""

    integrated_lufs: float | None
    true_peak_dbtp: float


class FilmOut(msgspec.Struct):
    id: UUID
    story_id: UUID
    kind: FilmKind
    number: int
    duration_seconds: float
    width: int
    height: int
    fps: int
    frames: int
    size_bytes: int
    loudness: Annotated[LoudnessOut | None, Meta(description="Null: a film without sound.")]
    url: Annotated[
        Link | None, Meta(description="Null: the client has to approve this version first.")
    ]
    light_url: Annotated[
        Link | None,
        Meta(description="The copy for slow connections. Null: none is made, or as for `url`."),
    ]
    light_size_bytes: Annotated[int, Meta(description="0: there is no copy for slow connections.")]
    why_not_delivered: str | None
    srt_url: Link
    vtt_url: Link
    segments_reused: int
    segments_encoded: int
    override_reason: str
    created_at: Moment


def _loudness(measured: dict[str, Any] | None) -> LoudnessOut | None:
    if not measured:
        return None
    return LoudnessOut(measured["integrated_lufs"], measured["true_peak_dbtp"])


def film_out(
    call: Call,
    film: Film,
    *,
    subtitles: tuple[str, str],
    filename: str,
    light_filename: str,
    refused: GuardRefused | None,
) -> FilmOut:
    srt, vtt = subtitles
    return FilmOut(
        id=film.pk,
        story_id=film.story_id,
        kind=FilmKind(film.kind),
        number=film.number,
        duration_seconds=float(film.duration_seconds),
        width=film.width,
        height=film.height,
        fps=film.fps,
        frames=film.frames,
        size_bytes=film.size_bytes,
        loudness=_loudness(film.manifest.get("loudness")),
        url=None if refused else link(call, film.file, filename=filename),
        light_url=None
        if refused or not film.light_file
        else link(call, film.light_file, filename=light_filename),
        light_size_bytes=film.light_size_bytes,
        why_not_delivered=str(refused) if refused else None,
        srt_url=srt,
        vtt_url=vtt,
        segments_reused=film.segments_reused,
        segments_encoded=film.segments_encoded,
        override_reason=film.override_reason,
        created_at=film.created_at,
    )
