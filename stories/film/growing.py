"""Encodes segments before their film is built, each in a job of its own.

A job has the key of its scene until it begins, so that several changes make one job. While it
encodes it has the key of the segment: at most one open job of all stories has it, so nothing is
encoded twice at the same time, and a change of the scene makes another job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core.files.storage import storages
from django.db.models import Q

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus
from jobs.models import Job
from jobs.run import Run
from jobs.services import queue
from providers.store import save_as
from stories.enums import FilmKind, JobName, TakeKind
from stories.models import Scene, Story
from stories.services import enqueue
from stories.services.plan import has_take, load_scenes

from .cards import cards_of
from .segments import CrossFade, Piece, encode, naming, segments_of, work_folder
from .sound import FilmSound, sound_of

TAKE = {FilmKind.PREVIEW: TakeKind.IMAGE, FilmKind.FINAL: TakeKind.CLIP}
PIECE = "segment"  # how the key of a job begins that encodes
ENCODED = "encoded"  # in the result of a job: the hashes of what it has encoded


def key_of(piece: Piece) -> str:
    return f"{PIECE}:{piece.hash}"


@dataclass(frozen=True, slots=True)
class Growth:
    """How many segments jobs are encoding, and whether all of them are jobs of this story.

    The end of another story's job does not wake this one's.
    """

    encoding: int
    all_ours: bool
    held_up: LocalizedMessage | None  # why one of them waits


def complete_pieces(
    story: Story,
    scenes: Sequence[Scene],
    kind: str,
    sound: FilmSound | None,
    *,
    film: Sequence[Scene],
) -> list[Piece]:
    """What can be encoded of these scenes: the take is there, and the speech that times captions.

    A cross-fade needs both of its scenes; a card is encoded with the scene beside it. `film`: all
    scenes of the film.
    """
    ready = [
        scene
        for scene in scenes
        if has_take(scene, TAKE[FilmKind(kind)])
        and not (story.burn_captions and sound is not None and _awaits_speech(scene, sound))
    ]
    following = {one.pk: other.pk for one, other in pairwise(film)}
    pieces: list[Piece] = []
    for segment in (segments := segments_of(story, ready, kind, sound, film=film)):
        after = following.get(segment.scene.pk)
        beside = [one for one in segments if one.scene.pk == after] if segment.edges.trail else []
        pieces += [segment, *(CrossFade(segment, one) for one in beside)]
    shown = {segment.scene.pk for segment in segments}
    return pieces + [card for card in cards_of(story, film) if card.scene.pk in shown]


def _awaits_speech(scene: Scene, sound: FilmSound) -> bool:
    return bool(scene.narration) and scene.pk in sound.cues and scene.pk not in sound.captions


def encode_ahead(
    story: Story, kind: str, *, scenes: Sequence[Scene], ready: set[UUID], parent: Job
) -> Growth:
    """Enqueue a job for each of these scenes whose segment is complete and not stored.

    `scenes` are all of the film, `ready` are those whose takes stay, `parent` is the film's own
    job. A segment whose job failed or
    was cancelled is left to the film's own job, which says why.
    """
    shown = [scene for scene in scenes if has_take(scene, TAKE[FilmKind(kind)])]
    sound = sound_of(story, shown, kind)
    wanted = [scene for scene in shown if scene.pk in ready]
    found = complete_pieces(story, wanted, kind, sound, film=scenes)
    pieces = {key_of(piece): piece for piece in reversed(found)}
    # A job that reads what to encode has neither the key of its scene nor that of a segment.
    of_scenes = Q(
        subject=str(story.pk),
        name=JobName.SCENE_SEGMENT,
        item__in=[str(scene.pk) for scene in wanted],
        data__parameters__kind=kind,
    )
    open_jobs = list(
        Job.objects.filter(of_scenes | Q(unique_key__in=list(pieces)), status__in=OPEN).only(
            "unique_key", "subject", "item", "status", "note_data"
        )
    )
    encoding = {job.unique_key for job in open_jobs}
    begun = {job.item for job in open_jobs if job.subject == str(story.pk)}
    ended = _ended(story)
    storage = storages["media"]
    started = 0
    for key, piece in pieces.items():
        scene_id = str(piece.scene.pk)
        if scene_id in begun or key in encoding or key in ended or storage.exists(piece.name):
            continue
        begun.add(scene_id)
        _job, new = enqueue.enqueue_segment(piece.scene, kind, owner=parent.owner, parent=parent)
        started += new
    ours = all(job.subject == str(story.pk) for job in open_jobs)
    held_up = next((job.note for job in open_jobs if job.status == JobStatus.WAITING), None)
    return Growth(len(open_jobs) + started, ours, held_up)


def _ended(story: Story) -> set[str]:
    """The keys of what jobs of the story have encoded, and of those that did not succeed."""
    jobs = Job.objects.filter(subject=str(story.pk), name=JobName.SCENE_SEGMENT)
    found: set[str] = set()
    for key, result in jobs.exclude(status__in=OPEN).values_list("unique_key", "result"):
        made = _encoded_in(result)
        found |= {f"{PIECE}:{digest}" for digest in made} or {key}
    return found


def _encoded_in(result: dict[str, Any] | None) -> list[str]:
    metadata = ((result or {}).get("result") or {}).get("metadata") or {}
    return list(metadata.get(ENCODED) or [])


def encode_segment(story: Story, scene_id: str, kind: str, *, run: Run) -> list[str]:
    """Encode what the scene is now, with its cross-fades, unless it is stored.

    Returns the hashes of what was encoded. None are, if something is missing, or another job
    encodes it. Raises MediaError or FileMissing.
    """
    # From here on a change of the scene makes another job. Before, this one sees the change.
    queue.take_key(run.job, f"{JobName.SCENE_SEGMENT}:begun:{run.job.pk}")
    encoded = []
    for piece in _present(story, scene_id, kind):
        if storages["media"].exists(piece.name) or not queue.take_key(run.job, key_of(piece)):
            continue
        if storages["media"].exists(piece.name):
            continue  # by a job that has ended since
        with work_folder() as folder, naming(piece):
            path = encode(piece, folder, should_stop=run.should_stop, on_progress=run.progress)
            save_as(path, piece.name)
        encoded.append(piece.hash)
    return encoded


def _present(story: Story, scene_id: str, kind: str) -> list[Piece]:
    """The scene's segment, and the cross-fades on both of its sides."""
    film = load_scenes(story)
    place = next((at for at, one in enumerate(film) if str(one.pk) == scene_id), None)
    if place is None:
        return []
    around = film[max(place - 1, 0) : place + 2]
    heard = [one for one in [*around, film[-1]] if has_take(one, TAKE[FilmKind(kind)])]
    # The last scene of a film is timed otherwise.
    sound = sound_of(story, list(dict.fromkeys(heard)), kind)
    pieces = complete_pieces(story, around, kind, sound, film=film)
    return [
        piece
        for piece in pieces
        if piece.scene == film[place]
        or (isinstance(piece, CrossFade) and piece.right.scene == film[place])
    ]


def encoded_by_jobs(story: Story, pieces: Sequence[Piece], *, since: datetime | None) -> set[str]:
    """The hashes of these pieces that jobs of the story have encoded since."""
    jobs = Job.objects.filter(
        subject=str(story.pk), name=JobName.SCENE_SEGMENT, status=JobStatus.SUCCEEDED
    )
    if since is not None:
        jobs = jobs.filter(finished_at__gt=since)
    made = {
        digest for result in jobs.values_list("result", flat=True) for digest in _encoded_in(result)
    }
    return {piece.hash for piece in pieces} & made
