"""What the endpoints give: explicit types, and how each is made from rows."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from msgspec import Meta

from ground.sentence import Sentence
from jobs.domain.envelope import envelope
from jobs.enums import JobStatus
from jobs.models import Job, JobLog
from stories.domain.inputs import is_stale
from stories.domain.plan import Plan
from stories.enums import AspectRatio, Camera, FilmKind, Language, Resolution, StoryStatus, TakeKind, TakeSource, Verdict
from stories.models import Approval, Film, Scene, ScenePrompt, Story, StoryStateTransition, Take
from web.json.routes import Call
from web.media import signed_url

Money = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]{4}$", description="USD as a decimal string.")]
Moment = Annotated[datetime, Meta(tz=True)]
Link = Annotated[str, Meta(description="Works without a header, and ends; ask again for a new one.")]


def money(amount: Decimal | None) -> str:
    return f"{amount or 0:.4f}"


class StoryOut(msgspec.Struct):
    id: UUID
    title: str
    status: StoryStatus
    owner_id: int
    owner: str
    language: Language
    style: str
    aspect_ratio: AspectRatio
    resolution: Resolution
    duration_seconds: int
    burn_captions: bool
    planner_provider: str
    image_provider: str
    clip_provider: str
    budget: Decimal | None
    scene_count: int
    created_at: Moment
    updated_at: Moment


# In the order of the type, so that a row of the database is its arguments.
STORY_COLUMNS = tuple("owner__username" if name == "owner" else name for name in StoryOut.__struct_fields__)
STORY_KEY = (StoryOut.__struct_fields__.index("created_at"), StoryOut.__struct_fields__.index("id"))


_live = Scene.live.filter(story=OuterRef("pk")).order_by().values("story").annotate(n=Count("pk")).values("n")
_SCENE_COUNT = Coalesce(Subquery(_live, output_field=IntegerField()), 0)


def with_scene_count(stories: QuerySet[Story]) -> QuerySet[Story]:
    """The stories with `scene_count`, the number of their live scenes, in the same query."""
    return stories.annotate(scene_count=_SCENE_COUNT)


def story_rows(rows: Iterable[tuple[Any, ...]]) -> list[StoryOut]:
    return [StoryOut(*row) for row in rows]


class JobBrief(msgspec.Struct):
    id: str
    name: str
    status: JobStatus
    progress: int
    note: str


class ChoiceOut(msgspec.Struct):
    """A change of state that this person may make now. `why_not` says what is still missing; empty: nothing."""

    name: str
    label: str
    status: StoryStatus
    why_not: str


class EstimateOut(msgspec.Struct):
    """The guide's estimate: pictures + video + preview (half of the video) + storage."""

    scenes: int
    scene_cost: Money
    video_cost: Money
    preview_cost: Money
    storage_cost: Money
    total: Money


class StoryDetail(StoryOut):
    script: str
    choices: list[ChoiceOut]
    estimate: EstimateOut | None
    jobs: Annotated[list[JobBrief], Meta(description="The story's own open jobs.")]
    pictures: Annotated[int, Meta(description="Scenes that have a picture.")]
    clips: Annotated[int, Meta(description="Scenes that have a clip.")]


class PromptOut(msgspec.Struct):
    text: str
    text_en: str
    negative: str
    style: str
    camera: Camera
    seed: int


class ChosenTake(msgspec.Struct):
    """The take that the film is made with. `stale`: the scene has changed since."""

    id: UUID
    verdict: Verdict
    stale: bool
    url: Link


class SceneOut(msgspec.Struct):
    id: UUID
    story_id: UUID
    position: int
    title: str
    narration: str
    duration_seconds: int
    prompt: PromptOut
    image: ChosenTake | None
    clip: ChosenTake | None
    created_at: Moment
    updated_at: Moment


def scene_out(call: Call, scene: Scene) -> SceneOut:
    """Needs the scene with story, prompt and both takes."""
    prompt: ScenePrompt = scene.prompt
    return SceneOut(
        id=scene.pk,
        story_id=scene.story_id,
        position=scene.position,
        title=scene.title,
        narration=scene.narration,
        duration_seconds=scene.duration_seconds,
        prompt=PromptOut(prompt.text, prompt.text_en, prompt.negative, prompt.style, Camera(prompt.camera), prompt.seed),
        image=_chosen(call, scene, scene.image_take),
        clip=_chosen(call, scene, scene.clip_take),
        created_at=scene.created_at,
        updated_at=scene.updated_at,
    )


def _chosen(call: Call, scene: Scene, take: Take | None) -> ChosenTake | None:
    return ChosenTake(take.pk, Verdict(take.verdict), is_stale(scene.story, scene, take), link(call, take.file)) if take else None


class TakeOut(msgspec.Struct):
    id: UUID
    scene_id: UUID
    kind: TakeKind
    source: TakeSource
    chosen: bool
    stale: bool
    url: Link
    mime: str
    width: int
    height: int
    duration_ms: int
    provider: str
    model: str
    seed: int | None
    cost: Money
    made_by: str
    reason: str
    verdict: Verdict
    verdict_reason: str
    created_at: Moment


def take_out(call: Call, scene: Scene, take: Take) -> TakeOut:
    """Needs the take with `made_by` and the scene with story, prompt and chosen takes."""
    return TakeOut(
        id=take.pk,
        scene_id=take.scene_id,
        kind=TakeKind(take.kind),
        source=TakeSource(take.source),
        chosen=take.pk in {scene.image_take_id, scene.clip_take_id},
        stale=is_stale(scene.story, scene, take),
        url=link(call, take.file),
        mime=take.mime,
        width=take.width,
        height=take.height,
        duration_ms=take.duration_ms,
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        made_by=take.made_by.get_username() if take.made_by else "",
        reason=take.reason,
        verdict=Verdict(take.verdict),
        verdict_reason=take.verdict_reason,
        created_at=take.created_at,
    )


class FilmOut(msgspec.Struct):
    id: UUID
    story_id: UUID
    kind: FilmKind
    number: int
    duration_seconds: float
    width: int
    height: int
    fps: int
    frames: int
    size_bytes: int
    url: Link
    srt_url: Link
    vtt_url: Link
    segments_reused: int
    segments_encoded: int
    override_reason: str
    created_at: Moment


class TransitionOut(msgspec.Struct):
    id: int
    from_status: StoryStatus
    to_status: StoryStatus
    name: str
    actor: Annotated[str, Meta(description="Empty: the studio itself.")]
    reason: str
    job_id: str
    at: Moment


def transition_out(row: StoryStateTransition) -> TransitionOut:
    actor = row.actor.get_username() if row.actor else ""
    return TransitionOut(row.pk, StoryStatus(row.from_status), StoryStatus(row.to_status), row.name, actor, row.reason, row.job_id, row.at)


class PlanItem(msgspec.Struct):
    """One scene. `will`: a take is made, at `price`. `why`: what is in the way, or why it is to be made."""

    scene_id: UUID
    position: int
    title: str
    state: Literal["missing", "stale", "rejected", "running", "done", "blocked"]
    will: bool
    price: Money
    why: str


class ApprovalLine(msgspec.Struct):
    scene_id: UUID
    position: int
    title: str
    price: Money


class ApprovalOut(msgspec.Struct):
    """What a second person is asked to agree to: exactly these takes at these prices, to be started once."""

    id: UUID
    story_id: UUID
    kind: TakeKind
    state: Annotated[
        Literal["asked", "approved", "started", "refused", "withdrawn"],
        Meta(description="Approved: the same request starts it now, as long as the plan stays as it is."),
    ]
    provider: str
    total: Money
    limit: Annotated[str, Meta(description="USD that the person who asked may start alone.")]
    plan_hash: str
    lines: list[ApprovalLine]
    asked_by: Annotated[str, Meta(description="Empty: the account has been removed.")]
    asked_at: Moment
    decided_by: str
    decided_at: Moment | None
    reason: str
    started_by: str
    started_at: Moment | None


def approval_out(row: Approval) -> ApprovalOut:
    people = [person.get_username() if person else "" for person in (row.asked_by, row.decided_by, row.started_by)]
    return ApprovalOut(
        id=row.pk,
        story_id=row.story_id,
        kind=TakeKind(row.kind),
        state=row.state,  # type: ignore[arg-type]  # the property gives one of them
        provider=row.provider,
        total=money(row.total),
        limit=money(row.limit),
        plan_hash=row.plan_hash,
        lines=[ApprovalLine(UUID(line["scene"]), line["position"], line["title"], money(Decimal(line["price"]))) for line in row.lines],
        asked_by=people[0],
        asked_at=row.asked_at,
        decided_by=people[1],
        decided_at=row.decided_at,
        reason=row.reason,
        started_by=people[2],
        started_at=row.started_at,
    )


class PlanOut(msgspec.Struct):
    kind: TakeKind
    mode: str
    provider: str
    total: Annotated[str, Meta(description="USD for all that is made; give it back as confirm_total.")]
    counts: dict[str, int]
    items: list[PlanItem]
    blocked: Annotated[list[PlanItem], Meta(description="Those of the items that cannot be made now, and why.")]
    hash: Annotated[str, Meta(description="Names exactly this: scenes, what their takes are made from, and prices.")]
    approval: Annotated[
        Literal["free", "ask", "asked", "approved", "refused"] | None,
        Meta(description="Before the start: whether you may start it alone (free), or what a second person has said so far. Null after it."),
    ]


def plan_out(plan: Plan, approval: Any = None) -> PlanOut:
    items = [PlanItem(item.scene_id, item.position, item.title, item.state, item.will, money(item.price), str(item.why)) for item in plan.items]
    blocked = [item for item in items if item.state == "blocked"]
    return PlanOut(TakeKind(plan.kind), plan.mode, plan.provider, money(plan.total), plan.counts, items, blocked, plan.hash, approval)


class JobError(msgspec.Struct):
    code: str
    detail: str


class JobOut(msgspec.Struct):
    id: str
    name: str
    story_id: str
    scene_id: str
    parent_id: str | None
    owner_id: int | None
    status: JobStatus
    wait_for: Annotated[str, Meta(description="What a waiting job waits for: provider, rate_limit, budget, children, backoff, person or time.")]
    note: Annotated[str, Meta(description="Why it waits, what it does now, or why it failed.")]
    progress: Annotated[int, Meta(description="Percent.")]
    attempts: int
    max_attempts: int
    priority: Annotated[int, Meta(description="1 is first.")]
    result: Annotated[dict[str, Any] | None, Meta(description="The worker's answer: success, result with preview_url, metadata and generation_time, error.")]
    error: JobError | None
    run_at: Moment
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    updated_at: Moment


def job_out(job: Job) -> JobOut:
    error = JobError(str(job.error.get("code", "")), str(Sentence.from_json(job.error.get("sentence")))) if job.error else None
    return JobOut(
        id=job.pk,
        name=job.name,
        story_id=job.subject,
        scene_id=job.item,
        parent_id=job.parent_id,
        owner_id=job.owner_id,
        status=JobStatus(job.status),
        wait_for=job.wait_for,
        note=str(job.note),
        progress=job.progress,
        attempts=job.attempts,
        max_attempts=job.max_attempts,
        priority=job.priority,
        result=job.result,
        error=error,
        run_at=job.run_at,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
    )


def job_brief(job: Job) -> JobBrief:
    return JobBrief(job.pk, job.name, JobStatus(job.status), job.progress, str(job.note))


class LogLine(msgspec.Struct):
    at: Moment
    level: str
    message: str


def log_line(line: JobLog) -> LogLine:
    return LogLine(line.at, line.level, str(line.message))


class Envelope(msgspec.Struct):
    """The job as it stands on the queue."""

    id: str
    name: str
    data: dict[str, Any]
    opts: dict[str, Any]


class JobDetail(msgspec.Struct):
    job: JobOut
    envelope: Envelope
    log: Annotated[list[LogLine], Meta(description="The newest lines, oldest first.")]


def envelope_out(job: Job) -> Envelope:
    return Envelope(**envelope(job))


class Started(msgspec.Struct):
    """What was started and what it makes; without a job when only the plan was asked for."""

    job: JobOut | None
    plan: PlanOut


def link(call: Call, name: str, *, filename: str = "", download: bool = False) -> str:
    """An address for a stored file that works without a header for the next hour."""
    return call.request.build_absolute_uri(signed_url(name, filename=filename, download=download))


def film_out(call: Call, film: Film, subtitles: tuple[str, str], filename: str) -> FilmOut:
    srt, vtt = subtitles
    return FilmOut(
        id=film.pk,
        story_id=film.story_id,
        kind=FilmKind(film.kind),
        number=film.number,
        duration_seconds=float(film.duration_seconds),
        width=film.width,
        height=film.height,
        fps=film.fps,
        frames=film.frames,
        size_bytes=film.size_bytes,
        url=link(call, film.file, filename=filename),
        srt_url=srt,
        vtt_url=vtt,
        segments_reused=film.segments_reused,
        segments_encoded=film.segments_encoded,
        override_reason=film.override_reason,
        created_at=film.created_at,
    )
