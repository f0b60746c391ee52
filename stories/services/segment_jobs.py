"""Encodes a scene anew after a change, and cancels the jobs that are outdated by it."""

from contextlib import suppress
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN
from jobs.errors import JobError
from jobs.models import Job
from jobs.services import queue
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.models import Scene

from .enqueue import enqueue_segment
from .job_data import segment_key

ANOTHER_TAKE = gettext_noop("The scene has another take or other captions now.")
FINAL_STATUSES = frozenset(
    {StoryStatus.RENDERING, StoryStatus.COMPLETED, StoryStatus.FAILED, StoryStatus.ARCHIVED}
)


def encode_on_commit(scene_id: Any, kind: str = "") -> None:
    """After the commit, encode the scene for its film, because its take or speech has changed.

    A job that encodes what was there before is cancelled. `kind`: of the take; without it that of
    the film which the story is about. If the process dies in between, the film's own job encodes
    the scene.
    """
    transaction.on_commit(partial(_encode, scene_id, kind), robust=True)


def _encode(scene_id: Any, kind: str) -> None:
    scene = Scene.live.select_related("story").filter(pk=scene_id).first()
    if scene is None:
        return
    finals = scene.story.status in FINAL_STATUSES
    kind = kind or (TakeKind.CLIP if finals else TakeKind.IMAGE)
    if kind == TakeKind.IMAGE and finals:
        return  # no preview is made any more
    film = FilmKind.FINAL if kind == TakeKind.CLIP else FilmKind.PREVIEW
    jobs = Job.objects.filter(
        item=str(scene.pk), name=JobName.SCENE_SEGMENT, status__in=OPEN
    ).exclude(unique_key=segment_key(film, scene.pk))
    for job in jobs:
        if job.data["parameters"].get("kind") == film:
            with suppress(JobError):  # it has ended since
                queue.cancel(job.pk, reason=LocalizedMessage(ANOTHER_TAKE))
    enqueue_segment(scene, film, owner=scene.story.owner)
