"""What a job asks of a provider, from the rows as they are now.

A job may wait for minutes between its start and its purchase. Whatever its take is made from is
read when the money is reserved, and compared again right before the request is sent, so that
nothing is bought that is out of date when it comes. What a person confirmed binds the price, and
where they chose them the provider, the model and the seed.
"""

from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from jobs.models import Job
from jobs.outcomes import Fail
from providers import requests
from providers.prompt_text import is_english
from stories.enums import JobName, TakeKind
from stories.models import Look, Scene, Story, Take
from stories.services import english, job_data, planning, sheets
from stories.services.continuity import keyframe_of
from stories.services.fingerprints import clip_request, english_of, image_request
from stories.services.makers import Maker, story_maker
from stories.services.plan import NEXT_PICTURE_FIRST
from stories.services.scene_cast import references_in
from stories.services.sound_plan import place_of_job, sound_item, why_unwanted

STORY_GONE = gettext_noop("The story has been deleted.")
SCENE_GONE = gettext_noop("The scene has been deleted.")
LOOK_GONE = gettext_noop("The look has been deleted.")
TAKE_GONE = gettext_noop("The take has been deleted.")
NO_PICTURE = gettext_noop("The scene has no picture to start from.")


class Asking(NamedTuple):
    """A request, the provider it is sent to, and what the job records of its inputs."""

    request: Any
    provider: str
    inputs: dict[str, Any]


def story_of_job(job: Job) -> Story:
    story = Story.objects.filter(pk=job.subject).first()
    if story is None:
        raise Fail(STORY_GONE, code="story_gone")
    return story


def of_scene(job: Job) -> Asking:
    """A picture or clip of the job's scene. Raises Fail if it cannot be made any more."""
    story, asked = story_of_job(job), job_data.asked(job)
    kind = job_data.TAKE_KIND[JobName(job.name)]
    scene = Scene.live.select_related("prompt", "image_take").filter(pk=job.item).first()
    if scene is None:
        raise Fail(SCENE_GONE, code="scene_gone")
    maker = Maker(**asked["maker"]) if asked.get("maker") else story_maker(story, kind)
    if asked.get("provider") and asked["provider"] != maker.provider:
        maker = Maker(asked["provider"])
    common: dict[str, Any] = {
        "seed": asked.get("seed"),
        "references": references_in(scene),
        "model": maker.model,
    }
    made_from = job_data.made_from(scene, kind)
    inputs = {name: made_from.get(name) for name in ("prompt_id", "cast")}
    if kind == TakeKind.IMAGE:
        return Asking(image_request(story, scene.prompt, **common), maker.provider, inputs)
    if scene.image_take is None:
        raise Fail(NO_PICTURE, code="no_picture")
    inputs |= {name: made_from.get(name) for name in ("image_take_id", "end_take_id")}
    end_file = _end_file(scene)
    request = clip_request(
        story, scene, scene.prompt, scene.image_take, **common, end_file=end_file
    )
    return Asking(request, maker.provider, inputs)


def _end_file(scene: Scene) -> str:
    """The picture that the clip ends with; empty if it ends by itself."""
    keyframe = keyframe_of(scene)
    if keyframe is None:
        return ""
    if not keyframe.file:
        raise Fail(NEXT_PICTURE_FIRST.template, code="no_picture")
    return keyframe.file


def of_sound(job: Job) -> Asking:
    """The speech of the job's line, the music of the film or a scene, or the job's effect.

    Raises Fail if the film does not use it any more. As for a deleted scene, a call that is out is
    collected when the job has ended.
    """
    story = story_of_job(job)
    place = place_of_job(job)
    if (why := why_unwanted(story, job, place)) is not None:
        raise Fail(why.template, code="not_wanted", **why.values)
    item = sound_item(story, job, place)
    inputs = {
        "provider": item.provider,
        "request": requests.to_json(item.request),
        "input_hash": item.input_hash,
        "text_id": item.line.current_id if item.line else None,
        "scene_order": list(item.scene_order) or None,
    }
    return Asking(item.request, item.provider, inputs)


def of_sheet(job: Job) -> Asking:
    """A reference sheet of the job's look. Raises Fail if the look is gone."""
    story, asked = story_of_job(job), job_data.asked(job)
    look = (
        Look.live.select_related("member")
        .filter(pk=job.item, member__deleted_at=None, member__story=story)
        .first()
    )
    if look is None:
        raise Fail(LOOK_GONE, code="look_gone")
    ordered = requests.from_json(asked["request"])
    assert isinstance(ordered, requests.ImageRequest)
    request = sheets.sheet_request(story, look, model=ordered.model, seed=ordered.seed)
    return Asking(request, asked["provider"], {"request": requests.to_json(request)})


def of_edit(job: Job) -> Asking:
    """An edit of the job's take, as it was ordered, because a take never changes.

    Raises Fail if the take is gone. As for a deleted scene, a call that is out is collected when
    the job has ended.
    """
    asked = job_data.asked(job)
    if not Take.objects.filter(pk=job.item, scene__deleted_at=None).exists():
        raise Fail(TAKE_GONE, code="take_gone")
    return Asking(requests.from_json(asked["request"]), asked["provider"], {})


def of_plan(job: Job) -> Asking:
    """The plan of the job's story."""
    story = story_of_job(job)
    return Asking(planning.plan_request(story), story.planner_provider, {})


def of_english(job: Job) -> Asking | None:
    """The English of the scene's prompt. None if it needs none any more, or somebody wrote it.

    Raises Fail if the scene is gone.
    """
    story, asked = story_of_job(job), job_data.asked(job)
    scene = Scene.live.select_related("prompt").filter(pk=job.item).first()
    if scene is None:
        raise Fail(SCENE_GONE, code="scene_gone")
    prompt = scene.prompt
    is_written = english.seen(prompt) != asked["seen"] or english_of(prompt)
    if is_written or is_english(prompt.text):
        return None
    request = english.english_request(story, prompt)
    return Asking(request, asked["provider"], {"prompt_id": prompt.pk})
