"""Handlers of what language models write: plans of stories and English prompts."""

from datetime import timedelta
from functools import partial

from django.utils.translation import gettext_noop

from core.clock import database_now
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from stories.enums import JobName, StoryStatus
from stories.models import Scene, ScenePrompt, Story
from stories.services import english, job_data, planning
from stories.services.speech_prediction_jobs import predict_on_commit
from stories.services.speech_predictions import Predicted, predict

from .outcomes import follow, story_of, through_call_service
from .present_requests import SCENE_GONE, of_english, of_plan

ASK_AGAIN = timedelta(seconds=30)  # at the earliest, when a rate limit is reached
PLANNING_ROSE = gettext_noop(
    "Planning costs %(now)s USD now, and %(then)s USD was confirmed. Nothing was bought. "
    "Stop planning and start it again to confirm the new price."
)


@handler(JobName.STORY_PLANNING)
def story_planning(run: Run) -> Done | Wait:
    story = story_of(run)
    replace = bool(run.job.data["parameters"].get("replace"))
    if replace or not Scene.live.filter(story=story).exists():
        answer = through_call_service(run, partial(of_plan, run.job), rose=PLANNING_ROSE)
        if isinstance(answer, Wait):
            return answer
        assert answer is not None  # a plan is always needed here
        planned = answer.call.result or {}
        planning.write_scenes(
            story,
            planned["scenes"],
            cast=planned.get("cast") or [],
            replace=replace,
            hold=run.hold,
        )
    return Done(metadata={"scenes": Scene.live.filter(story=story).count()})


@handler(JobName.SPEECH_LENGTHS)
def speech_lengths(run: Run) -> Done | Wait:
    """Ask providers that predict it how long the story's new lines will be. Nothing is paid.

    The job waits for a rate limit. A provider that does not answer is asked after the next change.
    """
    story = Story.objects.filter(pk=run.job.subject).first()
    found = predict(story, run) if story is not None else Predicted()
    if found.later is not None:
        return Wait(
            until=max(found.later.until, database_now() + ASK_AGAIN),
            wait_for=WaitFor.RATE_LIMIT,
            note=found.later.sentence,
        )
    return Done(metadata={"lines": found.lines})


@on_end(JobName.STORY_PLANNING)
def planning_ended(job: Job) -> None:
    if job.status == JobStatus.SUCCEEDED:
        follow(job, "finish_planning", StoryStatus.PLANNING)
        predict_on_commit(job.subject)
    elif job.status == JobStatus.FAILED:
        follow(job, "fail", StoryStatus.PLANNING)
    else:
        follow(job, "stop_planning", StoryStatus.PLANNING)


@handler(JobName.SCENE_ENGLISH)
def scene_english(run: Run) -> Done | Wait:
    """Translate the prompt into English with the story's text provider.

    If somebody has written an English prompt meanwhile, it is kept; nothing is bought, or the job
    only reports its result.
    """
    answer = through_call_service(run, partial(of_english, run.job))
    if isinstance(answer, Wait):
        return answer
    if answer is None:
        return Done(metadata={"text": "", "written": False, "cost": "0"})
    asked = job_data.asked(run.job)
    scene = Scene.live.filter(pk=run.job.item).first()
    prompt = ScenePrompt.objects.filter(pk=asked["prompt_id"]).first()
    if scene is None or prompt is None:
        raise Fail(SCENE_GONE, code="scene_gone")
    text = str((answer.call.result or {}).get("text") or "")
    written = english.write(scene.pk, prompt, text, seen_before=asked["seen"], hold=run.hold)
    return Done(metadata={"text": text, "written": written, "cost": str(answer.call.cost)})
