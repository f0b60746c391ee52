"""What the screens of `benchmarks.board` show: a story of many scenes in every state, and a studio
with a hundred of everything.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

HUNDRED = range(100)


def worker_row() -> Any:
    """Somebody who may see every screen, by roles and not as a superuser."""
    from django.contrib.auth.models import Group, Permission, User

    person = User.objects.create(username="bench", is_staff=True)
    person.groups.set(Group.objects.filter(name__in=("producer", "manager")))
    person.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "view_group")))
    return person


def organization_budget_of(person: Any) -> None:
    """A hundred people, stories, films, jobs that run and wait, calls, requests for approval and
    bills.
    """
    from django.contrib.auth.models import User
    from django.utils import timezone

    from jobs.models import Job, Worker
    from stories.models import Film, Scene, ScenePrompt, Story, StoryStateTransition
    from stories.models.project import default_project_id

    now = timezone.now()
    people = User.objects.bulk_create(
        User(username=f"person{n}", first_name="Ada", last_name=f"Nr. {n}", is_staff=True)
        for n in HUNDRED
    )
    states = (
        "draft",
        "planning",
        "planned",
        "previewing",
        "rendering",
        "completed",
        "failed",
        "archived",
    )
    project = default_project_id()
    stories = Story.objects.bulk_create(
        Story(
            owner=person if n % 3 else people[n],
            project_id=project,
            title=f"Story {n}",
            script="A boat.",
            duration_seconds=60,
        )
        for n in HUNDRED
    )
    for n, story in enumerate(stories):
        Story.objects.filter(pk=story.pk).update(status=states[n % len(states)])
    prompts = ScenePrompt.objects.bulk_create(
        ScenePrompt(text=f"a boat, {n}", seed=n) for n in range(9 * len(stories))
    )
    scenes = Scene.objects.bulk_create(
        Scene(story=stories[n // 9], position=n % 9 + 1, title=f"Scene {n}", prompt=prompt)
        for n, prompt in enumerate(prompts)
    )
    _takes(stories[0], scenes, "image", [scene for n, scene in enumerate(scenes) if n % 9 < 7])
    StoryStateTransition.objects.bulk_create(
        StoryStateTransition(
            story=story,
            from_status="draft",
            to_status="planning",
            name="start_planning",
            actor=person,
        )
        for story in stories
    )
    size = {"width": 1280, "height": 720, "fps": 24, "frames": 1440, "size_bytes": 4_000_000}
    Film.objects.bulk_create(
        Film(
            story=story,
            kind="preview",
            number=1,
            file="films/1.mp4",
            manifest_hash="0" * 64,
            **size,
        )
        for story in stories
    )
    work = (
        {"status": "queued"},
        {"status": "running", "progress": 40},
        {"status": "waiting", "wait_for": "budget"},
        {"status": "waiting", "wait_for": "person"},
    )
    Job.objects.bulk_create(
        Job(
            id=f"story_{n}",
            name="story_preview",
            subject=str(story.pk),
            owner=story.owner,
            data={"action": "preview", "parameters": {}},
            **work[n % len(work)],
        )
        for n, story in enumerate(stories)
    )
    Worker.objects.bulk_create(
        Worker(name=f"worker{n}", host="organization_budget", pid=n, role="worker", seen_at=now)
        for n in range(8)
    )
    _books(person, people, scenes)


def _books(person: Any, people: list[Any], scenes: list[Any]) -> None:
    """A call for each scene over the last thirty days, some of them unclear; requests for approval;
    bills.
    """
    from django.utils import timezone

    from providers.models import Bill, ProviderCall
    from stories.models import Approval

    now = timezone.now()
    common = {
        "kind": "image",
        "model": "painter",
        "request_hash": "0" * 64,
        "unit_price": Decimal("0.05"),
        "units": 1,
        "estimate": Decimal("0.05"),
    }
    settled = {"state": "settled", "cost": Decimal("0.05"), "ended_at": now}
    ProviderCall.objects.bulk_create(
        ProviderCall(
            provider_id=("local", "runway_ml", "stability_ai")[n % 3],
            key=f"call {n}",
            subject=str(scene.story_id),
            item=str(scene.pk),
            actor=people[n % len(people)],
            reserved_at=now - timedelta(hours=n % 700),
            **common,
            **({"state": "unclear"} if n % 90 == 0 else settled),
        )
        for n, scene in enumerate(scenes)
    )
    words = {"kind": "image", "provider": "local", "total": Decimal(5), "limit": Decimal(1)}
    approved = {"decision": "approved", "decided_by": person}
    Approval.objects.bulk_create(
        Approval(
            story=scenes[9 * n].story,
            plan_hash=f"{n:064x}",
            asked_by=people[n],
            **words,
            **(approved if n % 2 else {}),
        )
        for n in HUNDRED
    )
    today = timezone.localdate()
    Bill.objects.bulk_create(
        Bill(
            provider_id="local",
            name=f"bill{n}.csv",
            sha256=f"{n:064x}",
            lines=[],
            first_day=today,
            last_day=today,
            total=Decimal(9),
            imported_by=person,
        )
        for n in HUNDRED
    )


def story_of(number: int, person: Any) -> Any:
    """A story of this person with as many scenes: pictures and clips in every state, comments, the
    jobs that made them.
    """
    from stories.models import Scene, ScenePrompt, Story

    story = Story.objects.create(
        owner=person,
        title="Bench",
        script="A boat.",
        image_provider="local",
        clip_provider="local",
        duration_seconds=7 * number,
    )
    Story.objects.filter(pk=story.pk).update(status="previewing")
    prompts = ScenePrompt.objects.bulk_create(
        ScenePrompt(
            text=f"a small boat leaving a foggy harbour, number {n}", camera="push_in", seed=n
        )
        for n in range(number)
    )
    words = "The keeper puts out the light at the same hour every day. Nobody waits at the station."
    scenes = Scene.objects.bulk_create(
        Scene(
            story=story,
            position=n + 1,
            title=f"Scene {n}",
            narration=words,
            duration_seconds=3 + n % 9,
            prompt=prompt,
        )
        for n, prompt in enumerate(prompts)
    )
    _takes(story, scenes, "image", [scene for n, scene in enumerate(scenes) if n % 20])
    _takes(story, scenes, "clip", [scene for n, scene in enumerate(scenes) if n % 20 and n % 2])
    _comments(story, scenes, person)
    _under_way(scenes[20], person)
    return story


def _takes(story: Any, scenes: list[Any], kind: str, made: list[Any]) -> None:
    """A take for each of these, one in ten of them stale and one in eleven rejected, and the jobs
    of all scenes: those without a take failed.
    """
    from jobs.models import Job
    from stories.enums import TakeKind
    from stories.models import Scene, Take
    from stories.services import job_data
    from stories.services.fingerprints import present_hash

    shown = {
        "width": 1600,
        "height": 900,
        "mime": "image/png" if kind == "image" else "video/mp4",
        "provider": "local",
        "model": "painter",
    }
    takes = Take.objects.bulk_create(
        Take(
            scene=scene,
            kind=kind,
            file=f"calls/{n:064x}",
            sha256=f"{n:064x}",
            prompt=scene.prompt,
            seed=n,
            duration_ms=0 if kind == "image" else scene.duration_seconds * 1000,
            input_hash="of an older prompt" if n % 10 == 0 else present_hash(story, scene, kind),
            review_status="rejected" if n % 11 == 0 else "approved" if n % 3 else "unreviewed",
            review_reason="too dark" if n % 11 == 0 else "",
            **shown,
        )
        for n, scene in enumerate(made)
    )
    for scene, take in zip(made, takes, strict=True):
        setattr(scene, f"{kind}_take", take)
    Scene.objects.bulk_update(made, [f"{kind}_take"])
    name, good = job_data.SCENE_JOB[TakeKind(kind)], {scene.pk for scene in made}
    Job.objects.bulk_create(
        Job(
            id=f"{kind}_{scene.pk.hex}",
            name=name,
            subject=str(scene.story_id),
            item=str(scene.pk),
            data=job_data.data(scene.story_id, name, {"prompt_id": scene.prompt_id}),
            status="succeeded" if scene.pk in good else "failed",
            note_data={}
            if scene.pk in good
            else {"template": "The provider refused the words.", "values": {}},
        )
        for n, scene in enumerate(scenes)
        if kind == "image" or scene.pk in good
    )


def _comments(story: Any, scenes: list[Any], person: Any) -> None:
    from stories.models import Comment

    Comment.objects.bulk_create(
        Comment(story=story, scene=scene, text="Brighter, please.", author=person)
        for scene in scenes[::7]
    )


def _under_way(scene: Any, person: Any) -> None:
    """One clip is being made, so that pages look for news."""
    from stories.services import enqueue

    enqueue.enqueue_scene(scene, "clip", owner=person)
