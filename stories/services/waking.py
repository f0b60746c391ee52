"""Wakes a story's jobs after a change that one of them may wait for."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from jobs.enums import WaitFor
from jobs.services import queue

from .job_data import SCENE_JOB, STORY_JOB

# A story's job that waits for a person or for children checks by itself after this time.
WAIT_TIMEOUT = timedelta(minutes=10)


def wake_story_jobs(story_id: Any) -> None:
    """Wake the story's own jobs now. Only their rows are locked, in a fixed order."""
    for name in STORY_JOB.values():
        queue.wake(subject=str(story_id), name=name)


def wake_story_jobs_on_commit(story_id: Any) -> None:
    """As `wake_story_jobs`, after the commit.

    A caller that holds the story's lock must not wait for its jobs' rows. If the process dies in
    between, the jobs check by themselves within `WAIT_TIMEOUT`.
    """
    transaction.on_commit(lambda: wake_story_jobs(story_id))


def wake_after_review_on_commit(story_id: Any) -> None:
    """As `wake_story_jobs_on_commit`, and the scenes' jobs that were halted for the review."""

    def wake() -> None:
        for name in SCENE_JOB.values():
            queue.wake(subject=str(story_id), name=name, wait_for=WaitFor.PERSON)
        wake_story_jobs(story_id)

    transaction.on_commit(wake)
