"""The head of a story's pages: where it stands, what it costs, and the next step.

It is the same on every tab.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.display import Tone
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from providers import ledger
from providers.services.configs import organization_budget
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.models import Film, Scene, Story, StoryStateTransition
from stories.selectors.summary import Batch, Summary
from stories.services.approvals import may_start_alone
from stories.services.permissions import is_story_owner
from stories.services.plan import Plan
from stories.services.transitions import Choice, choices

from . import status_colors
from .pauses import Standstill, pauses_of

KNOWN_PROGRESS = 5  # percent below which no time is predicted
LONGEST_LEFT = timedelta(hours=24)
MODES = ("missing", "failed", "stale")
QUIET = frozenset({"archive", "stop_planning"})  # never the next step
OVER = frozenset({StoryStatus.COMPLETED, StoryStatus.ARCHIVED})
REMAKES = frozenset({StoryStatus.PREVIEWING, StoryStatus.RENDERING})
STOPPABLE = frozenset({StoryStatus.PLANNING, *REMAKES})


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the head. `why_not`: why it cannot be pressed now.

    `at_once`: the button says all there is to know, so that no dialog asks.
    """

    name: str
    label: str
    url: str
    price: Decimal | None = None
    why_not: str = ""
    is_dialog: bool = True
    is_danger: bool = False
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """The job that works on the story as a whole."""

    label: str
    note: str
    percent: int
    stop_url: str
    left: timedelta | None
    ready: int
    total: int

    @property
    def left_text(self) -> str:
        """About how long it still takes, in words."""
        if self.left is None:
            return ""
        minutes = round(self.left.total_seconds() / 60)
        if minutes < 1:
            return _("less than a minute")
        return ngettext("about %(n)s minute", "about %(n)s minutes", minutes) % {"n": minutes}

    @property
    def count(self) -> str:
        return f"{self.ready}/{self.total}" if self.total else f"{self.percent} %"


@dataclass
class StoryHead:
    """What the head of a story shows one user. Each part is read on first access."""

    story: Story
    user: Any
    summary: Summary

    @cached_property
    def is_owner(self) -> bool:
        return is_story_owner(self.user, self.story)

    @cached_property
    def jobs(self) -> list[Job]:
        return list(
            Job.objects.filter(subject=str(self.story.pk), status__in=OPEN).order_by("created_at")
        )

    @cached_property
    def work(self) -> Job | None:
        """The open job of the story itself, if there is one."""
        return next((job for job in self.jobs if not job.item), None)

    @cached_property
    def asks(self) -> Job | None:
        """The job that continues only after a person acts."""
        return next((job for job in self.jobs if status_colors.of_job(job) == "ask"), None)

    @property
    def is_working(self) -> bool:
        """Whether anything of the story runs, and nothing of it waits for a person."""
        return bool(self.jobs) and self.asks is None

    @cached_property
    def pauses(self) -> list[Standstill]:
        return pauses_of(self.story)

    @property
    def tone(self) -> Tone:
        return status_colors.of_story(self.story.status, self.work)

    @cached_property
    def state_words(self) -> str:
        """The state of the story in words."""
        has_preview = (
            self.story.status == StoryStatus.PREVIEWING
            and self.work is None
            and Film.objects.filter(story=self.story, kind=FilmKind.PREVIEW).exists()
        )
        return status_colors.story_words(self.story.status, self.work, has_preview=has_preview)

    @cached_property
    def spent(self) -> Decimal:
        return ledger.totals(subject=str(self.story.pk)).actual

    @property
    def left(self) -> Decimal:
        return self.summary.left

    @property
    def seconds(self) -> float:
        return self.summary.seconds

    @property
    def is_wished_length(self) -> bool:
        return not self.summary.scenes or self.seconds == self.story.duration_seconds

    @property
    def is_late(self) -> bool:
        due = self.story.due_on
        return due is not None and due < timezone.localdate() and self.story.status not in OVER

    @cached_property
    def saved_at(self) -> datetime:
        """When the story or one of its scenes was last changed."""
        newest: datetime | None = Scene.objects.filter(story=self.story).aggregate(
            newest=Max("updated_at")
        )["newest"]
        return max(self.story.updated_at, newest or self.story.updated_at)

    @cached_property
    def news(self) -> list[tuple[str, str, Tone]]:
        """What is not in order, most urgent first: words, filter of the board, colour."""
        counts = self.summary.counts
        words: tuple[tuple[str, str, Tone], ...] = (
            (_("%(n)s failed"), "failed", "bad"),
            (_("%(n)s blocked"), "blocked", "bad"),
            (_("%(n)s doubtful"), "doubtful", "ask"),
            (_("%(n)s rejected"), "rejected", "bad"),
            (_("%(n)s out of date"), "stale", "ask"),
            (_("%(n)s to review"), "review", "ask"),
        )
        return [
            (text % {"n": counts[key]}, key, tone) for text, key, tone in words if counts.get(key)
        ]

    @cached_property
    def last_reason(self) -> str:
        """Why the story failed."""
        row = StoryStateTransition.objects.filter(story=self.story).order_by("-id").first()
        return row.why if row else ""

    @cached_property
    def running(self) -> Running | None:
        """The work that a person waits for; None while nothing runs or it waits for a person."""
        job = self.work
        if job is None or job == self.asks:
            return None
        kind = TakeKind.CLIP if job.name == JobName.STORY_RENDER else TakeKind.IMAGE
        part = next((one for one in self.summary.progress if one.kind == kind), None)
        counted = part if part and part.ready < part.total else None
        return Running(
            str(JobName(job.name).label) if job.name in JobName.values else job.name,
            str(job.note) or str(job.get_status_display()),
            job.progress,
            reverse("admin:jobs_job_do", args=[job.pk, "cancel"]) if self.is_owner else "",
            _left(job),
            counted.ready if counted else 0,
            counted.total if counted else 0,
        )

    # The next step

    @cached_property
    def choices(self) -> list[Choice]:
        return choices(self.story, self.user)

    @cached_property
    def _offered(self) -> tuple[Action | None, list[Action]]:
        found = [self._of_choice(choice) for choice in self.choices]
        step = self._next_step(found)
        rest = [action for action in found if step is None or action.name != step.name]
        if self._may_remake:
            rest.append(self._remake())
        if step is None or step.name != "review":
            rest.append(self._share())
        if self.is_owner:
            url = reverse("admin:stories_story_assign", args=[self.story.pk])
            rest.append(Action("assign", _("Assign, due date…"), url))
        if self.is_owner and self.story.status in STOPPABLE:
            url = reverse("admin:stories_story_give_up", args=[self.story.pk])
            rest.append(Action("give_up", _("Stop production"), url, is_danger=True))
        return step, rest

    @property
    def next_step(self) -> Action | None:
        """What brings the story on, if this person may do it."""
        return self._offered[0]

    @property
    def more(self) -> list[Action]:
        """What else this person can do with the story."""
        return self._offered[1]

    @property
    def _may_remake(self) -> bool:
        return self.is_owner and self.story.status in REMAKES

    def _of_choice(self, choice: Choice) -> Action:
        return Action(
            choice.name,
            choice.label,
            reverse("admin:stories_story_do", args=[self.story.pk, choice.name]),
            choice.price if choice.price is not None else self._price_of(choice.name),
            str(choice.why_not) if choice.why_not else "",
            at_once=choice.name == "generate_preview"
            and not choice.why_not
            and self._needs_no_question(TakeKind.IMAGE),
        )

    def _price_of(self, name: str) -> Decimal | None:
        kinds = {"generate_preview": TakeKind.IMAGE, "render_final": TakeKind.CLIP}
        if name not in kinds:
            return None
        return self.summary.plans[kinds[name]].total + self.summary.sound.total

    def _batch(self, kind: str, mode: str) -> Batch | None:
        part = next((one for one in self.summary.progress if one.kind == kind), None)
        if part is None:
            return None
        return next((batch for batch in part.batches if batch.mode == mode), None)

    def _next_step(self, found: list[Action]) -> Action | None:
        if not self.is_owner:
            return None
        status = self.story.status
        if status == StoryStatus.DRAFT and not self.story.script and not self.summary.scenes:
            return self._link("write", _("Write the script"), "edit")
        if status == StoryStatus.PREVIEWING and (step := self._takes(TakeKind.IMAGE)):
            return step
        if status == StoryStatus.RENDERING and (step := self._takes(TakeKind.CLIP)):
            return step
        if status == StoryStatus.COMPLETED:
            return self._share()
        return next((action for action in found if action.name not in QUIET), None)

    def _takes(self, kind: TakeKind) -> Action | None:
        """Make what is missing, retry what failed, or redo what is out of date."""
        for mode in MODES:
            if batch := self._batch(kind, mode):
                url = reverse("admin:board_plan", args=[self.story.pk, kind, mode])
                return Action(
                    f"make-{mode}",
                    _batch_label(batch),
                    url,
                    batch.price,
                    at_once=mode == "missing" and self._needs_no_question(kind),
                )
        return None

    def _needs_no_question(self, kind: TakeKind) -> bool:
        """Whether a dialog about what is missing would say no more than the button with its price.

        A plan that costs more than the button says is refused, and then shown in the dialog.
        """
        plan = replace(self.summary.plans[kind], sound=self.summary.sound)
        return (
            all(item.state == "missing" and not item.warnings for item in plan.todo)
            and not any(item.failed for item in plan.items)
            and not (plan.blocked or plan.doubtful or plan.stale_kept or plan.running)
            and (not plan.total or self._is_bought_with_one_press(plan))
        )

    def _is_bought_with_one_press(self, plan: Plan) -> bool:
        """Whether the price is low enough, and neither sound nor approval raises a question."""
        sound = self.summary.sound
        return (
            plan.total <= organization_budget().one_press_limit
            and not any(item.state == "blocked" for item in sound.items)
            and not sound.warnings
            and may_start_alone(self.story, plan.total, self.user)
        )

    def _remake(self) -> Action:
        kind = TakeKind.CLIP if self.story.status == StoryStatus.RENDERING else TakeKind.IMAGE
        label = _("Make clips") if kind == TakeKind.CLIP else _("Make pictures")
        return Action(
            "make", label, reverse("admin:stories_story_make", args=[self.story.pk, kind])
        )

    def _share(self) -> Action:
        """Leads to the form for a link, ready to be written in."""
        url = reverse("admin:stories_story_review", args=[self.story.pk])
        return Action("review", _("Share for review"), f"{url}?share=1", is_dialog=False)

    def _link(self, name: str, label: str, page: str) -> Action:
        url = reverse(f"admin:stories_story_{page}", args=[self.story.pk])
        return Action(name, label, url, is_dialog=False)


def _batch_label(batch: Batch) -> str:
    if batch.mode == "failed":
        text = _("Retry %(n)s failed")
    elif batch.mode == "stale":
        text = _("Redo %(n)s out of date")
    elif batch.kind == TakeKind.CLIP:
        text = ngettext("Make %(n)s clip", "Make %(n)s clips", batch.count)
    else:
        text = ngettext("Make %(n)s picture", "Make %(n)s pictures", batch.count)
    return text % {"n": batch.count}


def _left(job: Job) -> timedelta | None:
    """The time that the rest takes if it goes on as before."""
    moving = job.status in {JobStatus.QUEUED, JobStatus.RUNNING} or job.wait_for in {
        WaitFor.CHILDREN,
        WaitFor.PROVIDER,
    }
    if not moving or job.started_at is None or not KNOWN_PROGRESS <= job.progress < 100:  # noqa: PLR2004  percent
        return None
    passed = timezone.now() - job.started_at
    left = passed * (100 - job.progress) / job.progress
    return left if timedelta() <= left <= LONGEST_LEFT else None
