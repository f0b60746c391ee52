"""Rows that requests can name: a planned story with scenes, takes, a film and jobs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import CallState
from providers.models import Bill, ProviderCall
from stories.enums import FilmKind, SoundKind, StoryStatus, TakeKind
from stories.models import (
    Approval,
    CastMember,
    Comment,
    Effect,
    Film,
    LibraryMember,
    LibraryVersion,
    Look,
    ReviewLink,
    Scene,
    SheetTake,
    SoundTake,
    Story,
    StoryStateTransition,
    Take,
)
from stories.services import enqueue, lines, review_links, spend_requests
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take


def upload() -> SimpleUploadedFile:
    """A picture as a form sends it."""
    return SimpleUploadedFile("mine.png", picture((40, 90, 160)), content_type="image/png")


def script() -> SimpleUploadedFile:
    """A screenplay as a form sends it."""
    return SimpleUploadedFile(
        "harbour.fountain", b"Title: Harbour\n\nEXT. HARBOUR - DAWN\n\nMINA\nThe boat leaves.\n"
    )


def bill_file() -> SimpleUploadedFile:
    """A bill as a form sends it."""
    return SimpleUploadedFile("june.csv", b"date,amount,task\n2026-06-01,0.50,task-2\n")


@dataclass
class World:
    """Rows that a request can name."""

    story: Story
    scenes: list[Scene]
    take: Take
    other_take: Take
    sound: SoundTake
    effect: Effect
    sheet: SheetTake
    film: Film
    job: Job
    failed_job: Job
    approval: Approval
    comment: Comment
    link: ReviewLink
    deleted: Scene
    unclear: ProviderCall
    bill: Bill
    versions: list[LibraryVersion]  # a newer one of the cast member, and one of another


def make_world(owner: Any, *, status: str = StoryStatus.PLANNED) -> World:
    story = make_story(owner, status=status, duration_seconds=21)
    StoryStateTransition.objects.create(
        story=story, from_status="draft", to_status="planning", name="start_planning", actor=owner
    )
    scenes = [make_scene(story) for _ in range(3)]
    take, other = make_take(scenes[0]), make_take(scenes[0], chosen=False)
    film = Film.objects.create(
        story=story,
        kind=FilmKind.PREVIEW,
        number=1,
        file=take.file,
        srt="1\n",
        vtt="WEBVTT\n",
        width=1280,
        height=720,
        fps=24,
        frames=504,
        size_bytes=10,
        manifest_hash="0",
    )
    line = lines.of(scenes[0])[0]
    sound = SoundTake.objects.create(
        story=story,
        scene=scenes[0],
        line=line,
        text=line.current,
        kind=SoundKind.SPEECH,
        file=take.file,
        sha256=take.sha256,
        mime="audio/flac",
        samples=48_000,
        marks=[{"text": "Line 1.", "start_ms": 0, "end_ms": 1000}],
        provider="local",
        seed=0,
    )
    versions = [
        LibraryVersion.objects.create(
            member=of, number=number, kind="character", name=name, description=description
        )
        for of in [LibraryMember.objects.create()]
        for number, name, description in ((1, "Haru", "a girl"), (2, "Haru", "a young girl"))
    ]
    versions.append(
        LibraryVersion.objects.create(
            member=LibraryMember.objects.create(), number=1, kind="place", name="Old harbour"
        )
    )
    member = CastMember.objects.create(
        story=story, name="Haru", description="a girl", library=versions[0]
    )
    look = Look.objects.create(member=member)
    facts = {"sha256": take.sha256, "mime": take.mime, "width": 1600, "height": 900}
    sheet = SheetTake.objects.create(look=look, file=take.file, provider="local", **facts)
    job, _ = enqueue.enqueue_scene(scenes[1], TakeKind.IMAGE, owner=owner)
    failed, _ = enqueue.enqueue_scene(scenes[2], TakeKind.IMAGE, owner=owner)
    Job.objects.filter(pk=failed.pk).update(status=JobStatus.FAILED, finished_at=timezone.now())
    failed.refresh_from_db()
    ask = spend_requests.ask_for_takes(
        story, scenes[1], TakeKind.IMAGE, provider="", variants=2, seed=None
    )
    values = {
        "kind": ask.kind,
        "what": ask.what,
        "provider": ask.provider,
        "lines": ask.lines,
        "total": ask.total,
        "limit": 0,
    }
    approval = Approval.objects.create(story=story, plan_hash=ask.hash, asked_by=owner, **values)
    deleted = make_scene(story, narration="The boat is gone.")
    Scene.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    unclear = ProviderCall.objects.create(
        provider_id="runway_ml",
        kind="image",
        key="unclear",
        state=CallState.UNCLEAR,
        subject=str(story.pk),
        item=str(deleted.pk),
        actor=owner,
        request_hash="0",
        unit_price=Decimal("0.05"),
        units=1,
        estimate=Decimal("0.05"),
        sending_at=timezone.now(),
    )
    bill = Bill.objects.create(
        provider_id="runway_ml",
        name="may.csv",
        sha256="0" * 64,
        lines=[[2, "2026-05-01", "1.2500", "task-1"]],
        first_day="2026-05-01",
        last_day="2026-05-01",
        total=Decimal("1.25"),
        imported_by=owner,
    )
    comment = Comment.objects.create(story=story, scene=scenes[0], text="Too dark.", author=owner)
    link, _token = review_links.share(
        story.pk, actor=owner, name="client", days=3, may_comment=True
    )
    return World(
        story,
        scenes,
        take,
        other,
        sound,
        Effect.objects.create(story=story, scene=scenes[0], prompt="a door bell"),
        sheet,
        film,
        job,
        failed,
        approval,
        comment,
        link,
        deleted,
        unclear,
        bill,
        versions[1:],
    )
