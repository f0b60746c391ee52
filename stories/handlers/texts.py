"""Handlers of what language models write: plans of stories and English prompts."""

from functools import partial

from django.utils.translation import gettext_noop

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from stories.enums import JobName, StoryStatus
from stories.models import Scene, ScenePrompt
from stories.services import english, job_data, planning

from .outcomes import follow, story_of, through_call_service
from .present_requests import SCENE_GONE, of_english, of_plan

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


@on_end(JobName.STORY_PLANNING)
def planning_ended(job: Job) -> None:
    if job.status == JobStatus.SUCCEEDED:
        follow(job, "finish_planning", StoryStatus.PLANNING)
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
