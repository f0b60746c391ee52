"""Starts of paid work that raise what a page or the API would answer."""

from typing import Any

from jobs.models import Job
from stories.services import generation, retry
from stories.services.english import EnglishPlan
from stories.services.plan import Plan


def start_work(story_id: Any, kind: str, **values: Any) -> tuple[Job, Plan]:
    """The first job of the start, and what is made. Raises ApprovalNeeded."""
    start, plan = generation.start_generation(story_id, kind, **values)
    return start.require().jobs[0], plan


def make_takes(scene_id: Any, kind: str, **values: Any) -> tuple[list[Job], Any]:
    """The jobs and their total price. Raises ApprovalNeeded."""
    start = generation.generate_scene(scene_id, kind, **values).require()
    return start.jobs, start.total


def retried(job_id: str, **values: Any) -> Job:
    """The job, queued again. Raises ApprovalNeeded."""
    return retry.retry_job(job_id, **values).require().jobs[0]


def put_into_english(story_id: Any, **values: Any) -> tuple[list[Job], EnglishPlan]:
    """The jobs and what they translate. Raises ApprovalNeeded."""
    start, plan = generation.put_into_english(story_id, **values)
    return start.require().jobs, plan
