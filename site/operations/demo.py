"""Makes a film from a script through the same functions that the pages use."""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.db.models import Sum
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers.models import ProviderCall
from stories.enums import AspectRatio, FilmKind, JobName, ReviewStatus, StoryStatus
from stories.models import Film, Story, Take
from stories.services import sound
from stories.services.takes import select_take
from stories.services.transitions import apply_transition

from .sample_scripts import Script

USERNAME = "demo"
ROLE = "manager"
STYLE = "watercolour, warm light"
LOOK_SECONDS = 0.15
STALL_SECONDS = 300.0


class DemoError(DomainError):
    """The demo cannot continue. The message is the job's own if it has one."""

    code = "demo"


@dataclass(frozen=True)
class Step:
    """One step: its first transition, the status it starts from, and its job."""

    label: str
    transition: str
    begins: str
    runs: str
    job: str


STEPS = (
    Step(
        gettext_noop("Planning"),
        "start_planning",
        StoryStatus.DRAFT,
        StoryStatus.PLANNING,
        JobName.STORY_PLANNING,
    ),
    Step(
        gettext_noop("Preview"),
        "generate_preview",
        StoryStatus.PLANNED,
        StoryStatus.PREVIEWING,
        JobName.STORY_PREVIEW,
    ),
    Step(
        gettext_noop("Final film"),
        "render_final",
        StoryStatus.PREVIEWING,
        StoryStatus.RENDERING,
        JobName.STORY_RENDER,
    ),
)


@dataclass(frozen=True)
class Seen:
    """The progress of a step. `percent` never decreases within a step."""

    percent: int
    note: LocalizedMessage


def demo_person() -> tuple[Any, str]:
    """Returns the demo account and its password.

    The password is created once per installation, in a file that only its owner can read.
    """
    file = Path(settings.VAR_DIR) / "demo_login"
    with (
        contextlib.suppress(FileExistsError),
        os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as fresh,
    ):
        fresh.write(secrets.token_urlsafe(9))
    password = file.read_text(encoding="utf-8").strip()
    person, _made = get_user_model().objects.get_or_create(
        username=USERNAME, defaults={"is_staff": True, "first_name": "Demo"}
    )
    person.groups.add(Group.objects.get(name=ROLE))
    if not person.check_password(password):
        person.set_password(password)
        person.save()
    return person, password


def take_up(script: Script, *, owner: Any, seconds: int, aspect: str) -> Story:
    """Returns the unfinished story of this script, or a new one. Raises DemoError."""
    wanted = {
        "title": script.title,
        "script": script.text,
        "language": script.language,
        "duration_seconds": seconds,
        "aspect_ratio": aspect,
    }
    for story in Story.objects.filter(owner=owner, **wanted).exclude(
        status__in=(StoryStatus.COMPLETED, StoryStatus.FAILED, StoryStatus.ARCHIVED)
    ):
        if story.status == StoryStatus.DRAFT or _is_going_on(story):
            return story
    return _new(owner, wanted)


def load_samples(samples: Iterable[Script], *, owner: Any, seconds: int) -> None:
    """Creates each sample as a story that is ready to start, unless this person already has it in
    any state.
    """
    for script in samples:
        if not Story.objects.filter(owner=owner, title=script.title, script=script.text).exists():
            _new(
                owner,
                {
                    "title": script.title,
                    "script": script.text,
                    "language": script.language,
                    "duration_seconds": seconds,
                },
            )


def _new(owner: Any, values: dict[str, Any]) -> Story:
    story = Story(owner=owner, style=STYLE, **values)
    try:
        # The status begins as a draft and cannot be written; the project is chosen by `save`.
        story.full_clean(exclude={"status", "project"})
    except ValidationError as error:
        raise DemoError(
            gettext_noop("This script cannot be made into a film: %(why)s"),
            why=" ".join(error.messages),
        ) from error
    story.save()
    sound.change_settings(story.pk, actor=owner, enabled=True)
    return story


def _is_going_on(story: Story) -> bool:
    return (
        Job.objects.filter(subject=str(story.pk), parent=None, status__in=OPEN)
        .exclude(wait_for=WaitFor.PERSON)
        .exclude(status=JobStatus.UNCLEAR)
        .exists()
    )


def steps_left(story: Story) -> Iterator[Step]:
    """Yields the remaining steps of this story, computed again after each."""
    for step in STEPS:
        story.refresh_from_db()
        if story.status in {step.begins, step.runs}:
            yield step


def walk(
    story: Story,
    step: Step,
    *,
    actor: Any,
    check_children: Callable[[], object],
    seen: Callable[[Seen], None],
) -> None:
    """Starts the step unless it already runs, and waits for its job. Raises DemoError.

    Calls `check_children` all the while. A take that the automatic check has doubts about is
    selected, as a person would who has looked at it.
    """
    if story.status == step.begins and not _open_job(story, step):
        apply_transition(story.pk, step.transition, actor=actor)
    percent, moved = 0, time.monotonic()
    last: tuple[Any, ...] = ()
    while True:
        check_children()
        job = Job.objects.filter(subject=str(story.pk), name=step.job, parent=None).latest(
            "created_at"
        )
        if job.wait_for == WaitFor.PERSON and _select_doubtful(story, actor):
            continue
        _require_going(job)
        percent = max(percent, job.progress)
        seen(Seen(100 if job.status == JobStatus.SUCCEEDED else percent, job.note))
        if job.status == JobStatus.SUCCEEDED:
            return
        now = (
            job.status,
            job.updated_at,
            Job.objects.filter(parent=job).aggregate(Sum("progress"))["progress__sum"],
        )
        if now != last:
            moved, last = time.monotonic(), now
        if time.monotonic() - moved > STALL_SECONDS:
            raise DemoError(
                gettext_noop("Nothing has moved for five minutes; the job's last word: %(note)s"),
                note=str(job.note),
            )
        time.sleep(LOOK_SECONDS)


def _open_job(story: Story, step: Step) -> bool:
    return Job.objects.filter(
        subject=str(story.pk), name=step.job, parent=None, status__in=OPEN
    ).exists()


def _select_doubtful(story: Story, actor: Any) -> int:
    """Selects the newest doubtful take where none is selected. Returns how many."""
    found: dict[tuple[Any, str], Take] = {}
    doubtful = Take.objects.filter(
        scene__story=story, scene__deleted_at=None, review_status=ReviewStatus.UNREVIEWED
    ).exclude(doubts="")
    for take in doubtful.select_related("scene").order_by("created_at", "id"):
        if take.scene.take(take.kind) is None:
            found[take.scene_id, take.kind] = take
    for take in found.values():
        select_take(take.pk, actor=actor)
    return len(found)


def _require_going(job: Job) -> None:
    """Raises DemoError with the job's message if it has failed or waits for a person."""
    stuck = (
        job.status in {JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR}
        or job.wait_for == WaitFor.PERSON
    )
    if stuck:
        raise DemoError(gettext_noop("The film could not be made: %(note)s"), note=str(job.note))


def cost_of(story: Story) -> Decimal:
    """Returns the cost of all calls for this story, in USD."""
    return ProviderCall.objects.filter(subject=str(story.pk)).aggregate(Sum("cost"))[
        "cost__sum"
    ] or Decimal(0)


def lay_out(story: Story, slug: str) -> Path:
    """Copies the final film and its subtitles to `films/` under a readable name.

    Returns the film's path.
    """
    film = Film.objects.filter(story=story, kind=FilmKind.FINAL).latest("number")
    folder = Path(settings.VAR_DIR) / "films"
    folder.mkdir(parents=True, exist_ok=True)
    if story.aspect_ratio != AspectRatio.WIDE:
        slug += "-" + story.aspect_ratio.replace(":", "x")
    target = folder / f"{slug}.mp4"
    unfinished = folder / f".{slug}.{os.getpid()}"
    with storages["media"].open(film.file) as source, unfinished.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    unfinished.replace(target)
    target.with_suffix(".srt").write_text(film.srt, encoding="utf-8")
    target.with_suffix(".vtt").write_text(film.vtt, encoding="utf-8")
    return target
