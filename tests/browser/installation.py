"""A studio in the middle of a working day: every screen has something to show."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job, JobLog, Pause, Worker
from media import ffmpeg
from providers import store
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, Bill, CallEvent, ProviderCall
from providers.services import bills
from providers.services.configs import organization_budget
from stories.enums import JobName, ReviewStatus, StoryStatus
from stories.models import Approval, Film, Scene, Story, StoryStateTransition
from stories.services import comments, review_links
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

COLOURS = ("#274060", "#1b6b5a", "#8a4b2d", "#5b3a75")


def furnish(owner: Any, manager: Any) -> dict[str, str]:
    """The addresses of all screens by a short name. The pages are for `manager`, who may see and do
    everything.
    """
    story = _story(owner)
    for status in StoryStatus:
        make_story(owner, status=status, title=f"A story that is {status}")
    waiting, failed = _jobs(story, owner)
    unclear = _calls(story, owner)
    token = _film(story, owner)
    approval, bill = _approval(story, owner), _bill(manager)
    local = AIProviderConfig.objects.get(provider="local")
    scene = story.all_scenes.order_by("position")[0]
    money = organization_budget()
    money.monthly_budget = 20
    money.save()
    of_story = {
        page: reverse(f"admin:stories_story_{page}", args=[story.pk]) for page in STORY_PAGES
    }
    return {
        "log-in": reverse("admin:login"),
        "overview": reverse("admin:index"),
        "stories": reverse("admin:stories_story_changelist"),
        "nothing found": reverse("admin:stories_story_changelist") + "?q=nothing+like+it",
        "new story": reverse("admin:stories_story_add"),
        "queue": reverse("admin:jobs_job_changelist"),
        "job": reverse("admin:jobs_job_change", args=[waiting.pk]),
        "failed job": reverse("admin:jobs_job_change", args=[failed.pk]),
        "cancel": reverse("admin:jobs_job_do", args=[waiting.pk, "cancel"]),
        "priority": reverse("admin:jobs_job_do", args=[waiting.pk, "priority"]),
        "costs": reverse("admin:costs"),
        "approvals": reverse("admin:stories_approval_changelist"),
        "approval": reverse("admin:stories_approval_change", args=[approval.pk]),
        "refuse": reverse("admin:stories_approval_do", args=[approval.pk, "refuse"]),
        "bills": reverse("admin:providers_bill_changelist"),
        "new bill": reverse("admin:providers_bill_add"),
        "usage of a provider": reverse("admin:providers_bill_usage"),
        "bill": reverse("admin:providers_bill_change", args=[bill.pk]),
        "calls": reverse("admin:providers_providercall_changelist"),
        "unclear call": reverse("admin:providers_providercall_change", args=[unclear.pk]),
        "decide": reverse("admin:providers_call_resolve", args=[unclear.pk]),
        "providers": reverse("admin:providers_aiproviderconfig_changelist"),
        "provider": reverse("admin:providers_aiproviderconfig_change", args=[local.pk]),
        "organization_budget": reverse(
            "admin:providers_organizationbudget_change", args=[money.pk]
        ),
        "monitoring": reverse("admin:monitoring"),
        "people": reverse("admin:auth_user_changelist"),
        "person": reverse("admin:auth_user_change", args=[owner.pk]),
        "roles": reverse("admin:auth_group_changelist"),
        "role": reverse("admin:auth_group_change", args=[manager.groups.get().pk]),
        "second factor": reverse("admin:second_factor"),
        "scene": reverse("admin:board_scene", args=[story.pk, scene.pk]),
        "edit a take": reverse("admin:board_edit_take", args=[story.pk, scene.image_take_id]),
        "plan": reverse("admin:board_plan", args=[story.pk, "image", "missing"]),
        "guest": reverse("stories:review", args=[token]),
        "API": "/api/ai-video/docs/",
        **of_story,
        "final question": reverse("admin:stories_story_do", args=[story.pk, "render_final"]),
    }


STORY_PAGES = ("change", "board", "film", "review", "jobs", "money", "history", "edit")


def _story(owner: Any) -> Story:
    story = make_story(
        owner,
        status=StoryStatus.PREVIEWING,
        title="The lantern comes home",
        duration_seconds=35,
        budget=5,
    )
    StoryStateTransition.objects.create(
        story=story, from_status="draft", to_status="planning", name="start_planning", actor=owner
    )
    StoryStateTransition.objects.create(
        story=story,
        from_status="planned",
        to_status="previewing",
        name="generate_preview",
        actor=owner,
        reason="Go on.",
    )
    for n, colour in enumerate(COLOURS):
        scene = make_scene(story, title=f"The harbour at {n + 5}")
        take = make_take(
            scene, content=picture(colour, (320, 180)), cost=Decimal("0.02"), model="sdxl"
        )
        if n == 1:
            type(take).objects.filter(pk=take.pk).update(
                review_status=ReviewStatus.APPROVED, reviewed_by=owner, reviewed_at=timezone.now()
            )
        if n == 2:
            changes = {
                "review_status": ReviewStatus.REJECTED,
                "review_reason": "Too dark.",
                "reviewed_by": owner,
                "reviewed_at": timezone.now(),
            }
            type(take).objects.filter(pk=take.pk).update(**changes)
        make_take(scene, content=picture("#444444", (320, 180)), chosen=False, model="sdxl")
    make_scene(story, title="Not drawn yet")
    comments.on_scene(
        story.all_scenes.order_by("position")[0].pk, actor=owner, text="More fog, please."
    )
    return story


def _job(story: Story, owner: Any, **values: Any) -> Job:
    data = {"story_id": str(story.pk), "action": "generate_image", "parameters": {}}
    defaults = {
        "name": JobName.SCENE_PREVIEW,
        "subject": str(story.pk),
        "owner": owner,
        "data": data,
    }
    return Job.objects.create(pk=f"story_x_{uuid.uuid4().hex[:12]}", **{**defaults, **values})


def _jobs(story: Story, owner: Any) -> tuple[Job, Job]:
    """A waiting job of the whole story with parts in every state, and one that failed."""
    now = timezone.now()
    Worker.objects.create(name="worker-1", host="studio", pid=7, role="worker")
    whole = _job(
        story,
        owner,
        name=JobName.STORY_PREVIEW,
        status=JobStatus.WAITING,
        wait_for=WaitFor.CHILDREN,
        progress=40,
        priority=4,
    )
    ended = {
        "started_at": now - timedelta(minutes=1),
        "finished_at": now,
        "worked": timedelta(seconds=9),
        "queue_wait": timedelta(seconds=1),
    }
    scenes = [str(scene.pk) for scene in Scene.live.filter(story=story)]
    for n, status in enumerate(JobStatus):
        _job(
            story,
            owner,
            parent=whole,
            item=scenes[n % len(scenes)],
            status=status,
            **(ended if status in {"succeeded", "failed", "cancelled"} else {}),
        )
    note = {"template": "%(n)s calls a minute are allowed.", "values": {"n": 60}}
    _job(
        story,
        owner,
        parent=whole,
        status=JobStatus.WAITING,
        wait_for=WaitFor.RATE_LIMIT,
        note_data=note,
        run_at=now + timedelta(minutes=2),
    )
    _job(story, owner, status=JobStatus.WAITING, wait_for=WaitFor.BUDGET)
    failed = _job(
        story, owner, name=JobName.STORY_PLANNING, status=JobStatus.FAILED, attempts=3, **ended
    )
    JobLog.objects.create(
        job=failed,
        level="error",
        message_data={"template": "There is no job %(job)s.", "values": {"job": "x"}},
        detail="Traceback: here",
    )
    JobLog.objects.create(
        job=whole, level="warning", message_data={"template": "The queue is paused.", "values": {}}
    )
    Pause.objects.create(name="", reason="New prices", actor=owner)
    AIProviderConfig.objects.filter(provider="stability_ai").update(
        is_active=True, is_paused=True, pause_reason="Quota"
    )
    return whole, failed


def _calls(story: Story, owner: Any) -> ProviderCall:
    """One call of each state on several days; returns the unclear one."""
    found = {}
    for n, state in enumerate(CallState):
        found[state] = ProviderCall.objects.create(
            provider_id="stability_ai" if n % 2 else "local",
            kind=Kind.IMAGE,
            state=state,
            key=uuid.uuid4().hex,
            subject=str(story.pk),
            actor=owner,
            request_hash="0" * 64,
            unit_price=Decimal("0.02"),
            units=1,
            estimate=Decimal("0.02"),
            reserved_at=timezone.now() - timedelta(days=n),
            cost=Decimal("1.25") if state == CallState.SETTLED else None,
            model="stable-diffusion-xl-1024-v1-0",
        )
        CallEvent.objects.create(call=found[state], name="reserve", to_state=state)
    return found[CallState.UNCLEAR]


def _approval(story: Story, owner: Any) -> Approval:
    """One that waits for a second person, and one that was refused."""
    lines = [
        {"scene": str(scene.pk), "position": scene.position, "title": scene.title, "price": "1.05"}
        for scene in Scene.live.filter(story=story)
    ]
    asked = {
        "story": story,
        "kind": "clip",
        "provider": "stability_ai",
        "lines": lines,
        "total": 20 * Decimal("1.05"),
        "limit": 5,
        "asked_by": owner,
    }
    Approval.objects.create(
        plan_hash="a" * 64,
        decision="refused",
        reason="Wait for the new prices.",
        decided_at=timezone.now(),
        **asked,
    )
    return Approval.objects.create(
        plan_hash="b" * 64, what={"mode": "missing", "scenes": None, "as_is": False}, **asked
    )


def _bill(manager: Any) -> Bill:
    day = timezone.localdate()
    text = f"date,amount,task\n{day},0.02,unknown-task\n{day},0.05,\n"
    return bills.import_bill(
        AIProviderConfig.objects.get(provider="stability_ai"),
        actor=manager,
        name="november.csv",
        content=text.encode(),
    )


def _film(story: Story, owner: Any) -> str:
    """Two versions of the film with a comment, and a link to it for a guest: its token."""
    _first, film = make_films(story, owner)
    comments.on_film(film.pk, actor=owner, text="Hold this longer.", at_ms=3000)
    _link, token = review_links.share(
        story.pk, actor=owner, name="client", days=7, may_comment=True
    )
    return token


def make_films(story: Story, owner: Any, *, kind: str = "preview") -> list[Film]:
    """Two versions of the film of a story without its scenes: 8 seconds of one colour."""
    with store.workplace() as folder:
        ffmpeg.run(
            [
                "-f",
                "lavfi",
                "-i",
                "color=teal:s=320x180:r=24:d=8",
                "-f",
                "mp4",
                "-pix_fmt",
                "yuv420p",
            ],
            out=folder / "film.mp4",
        )
        store.save_as(folder / "film.mp4", "films/a.mp4")
    segments = [
        {
            "scene": str(scene.pk),
            "position": scene.position,
            "title": scene.title,
            "frames": 48,
            "hash": scene.title,
        }
        for scene in Scene.live.filter(story=story)[:4]
    ]
    sizes = {
        "file": "films/a.mp4",
        "width": 320,
        "height": 180,
        "fps": 24,
        "frames": 192,
        "size_bytes": 12_000,
        "vtt": "WEBVTT\n",
    }
    return [
        Film.objects.create(
            story=story,
            kind=kind,
            number=number,
            manifest={"segments": segments[: 2 + number]},
            manifest_hash="x",
            segments_reused=3,
            segments_encoded=1,
            made_by=owner,
            **sizes,
        )
        for number in (1, 2)
    ]
