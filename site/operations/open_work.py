"""The open jobs that the dashboard shows to a person."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.urls import reverse

from core.identifiers import is_uuid
from stories.services.permissions import sees_all, stories_for
from stories.web.open_jobs import OpenJob, under_way

SHOWN = 8  # rows of a list


@dataclass(frozen=True, slots=True)
class Work:
    """Open jobs of this person, with the stories' titles.

    `waiting` are those that wait for them or for money; `running` has one more than is shown.
    """

    jobs: list[OpenJob]
    waiting: list[OpenJob]
    running: list[OpenJob]
    titles: dict[str, str]

    @classmethod
    def of(cls, user: Any) -> "Work":
        """Loads the jobs. Two queries."""
        jobs, steers_all, all_seen = (
            under_way(),
            user.has_perm("stories.manage_all_stories"),
            sees_all(user),
        )
        waiting = [job for job in jobs if job.waits and (steers_all or job.owner_id == user.pk)][
            :SHOWN
        ]
        seen = (
            job
            for job in jobs
            if job.parent_id is None and not job.asks and (all_seen or job.owner_id == user.pk)
        )
        running = list(islice(seen, SHOWN + 1))
        ids = {job.subject for job in (*waiting, *running) if is_uuid(job.subject)}
        titles = {
            str(pk): title
            for pk, title in stories_for(user).filter(pk__in=ids).values_list("pk", "title")
        }
        waiting, running = (
            [job for job in rows if not is_uuid(job.subject) or job.subject in titles]
            for rows in (waiting, running)
        )
        return cls(
            jobs,
            waiting,
            running,
            titles,
        )


def url_of(job: OpenJob) -> str:
    return (
        reverse("admin:stories_story_board", args=[job.subject])
        if is_uuid(job.subject)
        else reverse("admin:jobs_job_change", args=[job.pk])
    )
