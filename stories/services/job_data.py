"""What a story's job is to make: its names, the keys of its calls, and its recorded inputs."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from core.identifiers import is_uuid
from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import OPEN_CALL, OVER, CallState, Kind
from providers.models import ProviderCall
from stories.enums import JobName, SoundKind, TakeKind
from stories.models import Confirmation, Scene, Story

from .continuity import keyframe_of
from .makers import chosen_maker
from .scene_cast import references_in

SCENE_JOB = {TakeKind.IMAGE: JobName.SCENE_PREVIEW, TakeKind.CLIP: JobName.SCENE_RENDER}
TAKE_KIND = {name: kind for kind, name in SCENE_JOB.items()}
SOUND_JOB = {
    SoundKind.SPEECH: JobName.LINE_SPEECH,
    SoundKind.MUSIC: JobName.STORY_MUSIC,
    SoundKind.SOUND: JobName.SCENE_SOUND,
}
SOUND_KIND = {name: kind for kind, name in SOUND_JOB.items()}
# The job that makes each kind of take, of pictures and of sound.
TAKE_JOB: dict[str, JobName] = {
    str(kind): name for kind, name in (*SCENE_JOB.items(), *SOUND_JOB.items())
}
# Every job whose one call has a result to keep: a take, a reference sheet, a check of a take.
TAKE_NAMES = frozenset(
    {*TAKE_JOB.values(), JobName.LOOK_SHEET, JobName.TAKE_EDIT, JobName.TAKE_CHECK}
)
PIECE_NAMES = TAKE_NAMES | {JobName.SCENE_ENGLISH}
SHEET = "sheet"  # how the keys of calls for reference sheets begin
EDIT = "edit"  # and of calls that edit a take
VISION = "vision"  # and of calls that check a take
STORY_JOB = {TakeKind.IMAGE: JobName.STORY_PREVIEW, TakeKind.CLIP: JobName.STORY_RENDER}
STORY_KIND = {name: kind for kind, name in STORY_JOB.items()}
ACTION = {
    JobName.STORY_PLANNING: "plan_story",
    JobName.STORY_PREVIEW: "generate_preview",
    JobName.STORY_RENDER: "render_final",
    JobName.SCENE_PREVIEW: "generate_image",
    JobName.SCENE_RENDER: "generate_clip",
    JobName.SCENE_ENGLISH: "to_english",
    JobName.LINE_SPEECH: "generate_speech",
    JobName.STORY_MUSIC: "generate_music",
    JobName.SCENE_SOUND: "generate_sound",
    JobName.SPEECH_LENGTHS: "predict_speech",
    JobName.SCENE_SEGMENT: "encode_segment",
    JobName.STORY_STEMS: "make_stems",
    JobName.FILM_LIGHT: "make_light_film",
    JobName.LOOK_SHEET: "generate_sheet",
    JobName.TAKE_EDIT: "edit_take",
    JobName.TAKE_CHECK: "check_take",
}
# Made by language models; their cost is confirmed like that of takes.
TEXT_JOBS = frozenset({JobName.STORY_PLANNING, JobName.SCENE_ENGLISH, JobName.TAKE_CHECK})
INGEST_ONLY = "collect_take"
# Inputs of a take that are named only if there are any.
IF_ANY = frozenset({"cast", "maker", "end_take_id", "check"})
UNDER_WAY = (*OPEN_CALL, CallState.UNCLEAR)


def data(
    story_id: Any, name: str, parameters: dict[str, Any], *, action: str = ""
) -> dict[str, Any]:
    """The `data` part of the envelope."""
    return {
        "story_id": str(story_id),
        "action": action or ACTION[JobName(name)],
        "parameters": parameters,
    }


def newest_confirmation(story_id: Any) -> int | None:
    rows = Confirmation.objects.filter(story_id=story_id).order_by("-id")
    return rows.values_list("pk", flat=True).first()


def scene_key(kind: str, scene_id: Any) -> str:
    """At most one open job makes a kind of take for a scene, except for requested variants."""
    return f"{SCENE_JOB[TakeKind(kind)]}:{scene_id}"


def segment_key(kind: str, scene_id: Any) -> str:
    """The key of a job that has not begun to encode a scene. Later it has that of the segment."""
    return f"{JobName.SCENE_SEGMENT}:{kind}:{scene_id}"


def sound_key(kind: str, item: str) -> str:
    """Identifies the speech of a line, the music of a story or a scene, or an effect, in calls and
    confirmations.
    """
    return f"{kind}:{item}"


def plan_key(job: Job) -> str:
    """The key that a plan gives to what a job makes, a scene's take or a sound.

    A scene's picture and an effect may have the same item: the first effect of a scene has the id
    of its scene if it was described before a scene could have several.
    """
    kind = SOUND_KIND.get(JobName(job.name))
    return job.item if kind is None else sound_key(kind, job.item)


def piece_of_work(scene_id: Any, kind: str, variant: int = 0) -> str:
    """The key of a provider call: one kind of take for one scene, whichever job makes it.

    A key has at most one open call.

    Each of several variants that a person requests side by side has its own key.
    """
    return f"{kind}:{scene_id}:{variant}"


def planning_key(story: Story, request_hash: str) -> str:
    """The key of a story's planning call. Another script or length is another piece of work."""
    return f"plan:{story.pk}:{request_hash[:16]}"


def vision_key(take_id: Any) -> str:
    """The key of a provider call that checks a take."""
    return f"{VISION}:{take_id}"


def new_check_key(kind: str, origin: Any) -> str:
    """Identifies, in confirmations, the check of a take that is to be made.

    `origin`: the id of its scene, or of the take that is edited.
    """
    return f"{VISION}:{kind}:{origin}"


def with_check(price: Decimal) -> dict[str, str]:
    """What a job and a confirmation record of the check that follows a take; nothing without."""
    return {"check": str(price)} if price else {}


def sheet_key(look_id: Any, variant: int = 0) -> str:
    """Identifies a sheet in calls and confirmations."""
    return f"{SHEET}:{look_id}:{variant}"


def job_of(call: ProviderCall) -> JobName:
    """The name of the jobs that make what this call makes."""
    if call.key.startswith(f"{EDIT}:"):
        return JobName.TAKE_EDIT
    if is_vision_check(call):
        return JobName.TAKE_CHECK
    return JobName.LOOK_SHEET if call.key.startswith(f"{SHEET}:") else TAKE_JOB[call.kind]


def is_vision_check(call: ProviderCall) -> bool:
    return call.key.startswith(f"{VISION}:")


def named_call(
    key: str, *, text_job: JobName | None = None, request_hash: str = ""
) -> dict[str, Any]:
    """The values that identify a job's call.

    These are the key, and the number of the newest call that had ended when the work was requested.
    An open call is continued, so it counts as later. So does the text of exactly this request that
    is paid for and that no `text_job` has used. The values are set when the job is created, under
    the story's lock, so that each attempt finds its call again.
    """
    newest = ProviderCall.objects.filter(key=key).order_by("-attempt_no").first()
    if newest is None:
        return {"call_key": key, "after": 0}
    continues = newest.state in UNDER_WAY or (
        text_job is not None
        and newest.state == CallState.SETTLED
        and newest.request_hash == request_hash
        and not _is_used(newest, text_job)
    )
    return {"call_key": key, "after": newest.attempt_no - continues}


def _is_used(call: ProviderCall, name: JobName) -> bool:
    """Whether a job of this name has used the result of the call.

    A job that was stopped while the answer came has not.
    """
    done = Job.objects.filter(
        subject=call.subject,
        item=call.item,
        name=name,
        status=JobStatus.SUCCEEDED,
        finished_at__gte=call.ended_at or call.reserved_at,
    )
    return any(follows(job, call) for job in done)


def call_key(job: Job) -> str:
    """The call key of a scene's or a planning job.

    Calls of jobs from earlier versions are named after the job.
    """
    return str(job.data["parameters"].get("call_key") or job.pk)


def after(job: Job) -> int:
    """The number of the newest call of the key when the job was created.

    Calls up to that number belong to earlier work.
    """
    return int(job.data["parameters"].get("after") or 0)


def follows(job: Job, call: ProviderCall) -> bool:
    """Whether this call was made for this job."""
    return "parameters" in job.data and call_key(job) == call.key and call.attempt_no > after(job)


def made_from(scene: Scene, kind: str) -> dict[str, Any]:
    """The current inputs of a take of this scene, as recorded in a job and a confirmation."""
    words: dict[str, Any] = {"prompt_id": scene.prompt_id}
    if references := references_in(scene):
        words["cast"] = msgspec.to_builtins(references)
    if maker := chosen_maker(scene, kind):
        words["maker"] = maker._asdict()
    if kind == TakeKind.CLIP:
        words["image_take_id"] = str(scene.image_take_id or "")
        if keyframe := keyframe_of(scene):
            words["end_take_id"] = keyframe.take_id
    return words


def record_inputs(job: Job, inputs: dict[str, Any]) -> None:
    """Record what the job's work is made from now, with the price that was confirmed last.

    The caller holds the job's lock. A value of None is removed.
    """
    if all(job.data["parameters"].get(name) == value for name, value in inputs.items()):
        return
    newest = newest_confirmation(job.subject)
    job.data = Job.objects.values_list("data", flat=True).get(pk=job.pk)
    gone = {name for name, value in inputs.items() if value is None}
    wanted = {**asked(job), **inputs, "confirmation": newest}
    kept = {name: value for name, value in wanted.items() if name not in gone}
    job.data = {**job.data, "parameters": kept}
    Job.objects.filter(pk=job.pk).update(data=job.data)


def asked(job: Job) -> dict[str, Any]:
    """What a scene's job is to make and at what price.

    These are the values at its creation, or those a person has confirmed since.
    """
    parameters: dict[str, Any] = job.data["parameters"]
    if job.name in SOUND_KIND:
        key = sound_key(SOUND_KIND[JobName(job.name)], job.item)
        return _as_confirmed(job, key, parameters)
    if job.name == JobName.TAKE_EDIT:
        return _as_confirmed(job, call_key(job), parameters)
    kind = _confirmed_as(job)
    if kind is None or job.data["action"] == INGEST_ONLY or not is_uuid(job.subject):
        return parameters
    later = Confirmation.objects.filter(
        story_id=UUID(job.subject), kind=kind, id__gt=parameters.get("confirmation") or 0
    )
    found = (
        lines[job.item]
        for lines in later.order_by("-id").values_list("lines", flat=True)
        if job.item in lines
    )
    line: dict[str, Any] = next(found, {})
    if "prompt_id" in line:
        # What is not named there was not part of what was confirmed: nobody of the cast, the
        # story's own provider, a clip that ends by itself.
        gone = IF_ANY - line.keys()
        parameters = {name: value for name, value in parameters.items() if name not in gone}
    return {**parameters, **line}


def _as_confirmed(job: Job, key: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Sound and edits are confirmed under keys of their own, whatever they are confirmed with."""
    rows = Confirmation.objects.filter(story_id=UUID(job.subject), at__gte=job.created_at).order_by(
        "-id"
    )
    found = (lines[key] for lines in rows.values_list("lines", flat=True) if key in lines)
    return {**parameters, **next(found, {})}


def _confirmed_as(job: Job) -> str | None:
    """The kind under which the job's result is confirmed."""
    if job.name in TEXT_JOBS:
        return Kind.TEXT
    if job.name == JobName.LOOK_SHEET:
        return Kind.IMAGE
    return TAKE_KIND.get(JobName(job.name)) if job.name in JobName else None


def call_of(job: Job) -> ProviderCall | None:
    """The newest call that was made for this job."""
    return (
        ProviderCall.objects.filter(key=call_key(job), attempt_no__gt=after(job))
        .order_by("-attempt_no")
        .first()
    )


def may_spend(jobs: Iterable[Job]) -> set[str]:
    """The ids of those jobs of one piece of work whose next attempt may make a new call.

    The other jobs continue the existing call. At most one query.
    """
    found = {
        job.pk: (call_key(job), after(job))
        for job in jobs
        if job.name in PIECE_NAMES
        and job.item
        and "parameters" in job.data  # else the job cannot run, and must not break a list
        and job.data.get("action") != INGEST_ONLY
    }
    if not found:
        return set()
    calls = ProviderCall.objects.filter(key__in={key for key, _after in found.values()})
    newest: dict[str, int] = {}
    for key, number in calls.exclude(state__in=OVER).values_list("key", "attempt_no"):
        newest[key] = max(number, newest.get(key, 0))
    return {pk for pk, (key, number) in found.items() if newest.get(key, 0) <= number}
