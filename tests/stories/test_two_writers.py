"""Each row lock of stories and films with two writers. Each test fails without its
`select_for_update`.
"""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from jobs.errors import NotPossible
from jobs.lease import Lease, never
from jobs.models import Job, JobLog
from jobs.run import Run
from jobs.services import queue
from jobs.services.claim import claim
from operations import retention
from providers.enums import CallState
from providers.models import ProviderCall, ProviderModel
from providers.requests import to_json
from providers.store import Stored
from stories.enums import FilmKind, TakeKind
from stories.errors import ApprovedTake, Conflict, GuardRefused, Invalid, NotAllowed
from stories.film.build import add_film
from stories.handlers import film_parts, outcomes
from stories.handlers.film_work import FilmWork
from stories.models import (
    Approval,
    Comment,
    Confirmation,
    Film,
    Look,
    Pronunciation,
    Scene,
    ScenePrompt,
    SheetTake,
    SoundTake,
    Story,
    StorySound,
    StoryStateTransition,
    Take,
)
from stories.services import (
    approval_decisions,
    cast,
    comments,
    english,
    enqueue,
    generation,
    retakes,
    retry,
    scene_splits,
    scenes,
    sheets,
    sound,
    sound_takes,
    stories,
    takes,
    transitions,
    uploads,
)
from stories.services.edit_generation import edit_take
from stories.services.fingerprints import image_request
from stories.services.planning import write_scenes
from stories.services.pronunciations import Entry, set_pronunciations
from stories.services.transitions import apply_transition
from tests.pictures import picture
from tests.stories.factories import first_look, make_scene, make_story, make_take
from tests.two_writers import in_turn

pytestmark = [pytest.mark.row_locks, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner(make_person):
    return make_person("maker", role="producer")


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing")


def make_call(story, **values):
    return ProviderCall.objects.create(
        provider_id="local",
        state=CallState.SETTLED,
        key=uuid.uuid4().hex,
        subject=str(story.pk),
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
        **values,
    )


def test_take_that_is_rejected_meanwhile_is_not_chosen(story, owner):
    take = make_take(make_scene(story), chosen=False)
    reject = {"review_status": "rejected", "reason": "dark", "actor": owner}
    (error,) = in_turn(
        lambda: takes.review_take(take.pk, **reject),
        lambda: takes.select_take(take.pk, actor=owner),
    )
    assert isinstance(error, Invalid)
    assert Scene.objects.get().image_take is None


def test_take_of_a_scene_that_is_deleted_meanwhile_is_not_reviewed(story, owner):
    scene = make_scene(story)
    take = make_take(scene)
    (error,) = in_turn(
        lambda: scenes.delete(scene.pk, actor=owner),
        lambda: takes.review_take(take.pk, review_status="approved", actor=owner),
    )
    assert isinstance(error, Conflict)
    assert Take.objects.get().review_status == "unreviewed"


def test_result_that_lands_leaves_what_a_person_chooses_meanwhile(story, owner):
    scene = make_scene(story)
    mine = make_take(scene, chosen=False)
    sizes = {"mime": "image/png", "width": 1280, "height": 720}
    call = make_call(
        story,
        kind="image",
        item=scene.key,
        request=to_json(image_request(story, scene.prompt)),
        result={"file": "calls/a.png", "sha256": "a" * 64, **sizes},
    )
    assert (
        in_turn(lambda: takes.select_take(mine.pk, actor=owner), lambda: takes.record_result(call))
        == []
    )
    assert Scene.objects.get().image_take == mine
    assert Take.objects.count() == 2


def test_upload_leaves_an_approved_take_that_is_chosen_meanwhile(story, owner):
    scene = make_scene(story)
    good = make_take(scene, chosen=False, review_status="approved")
    facts = {"mime": "image/png", "width": 1280, "height": 720, "notes": []}
    kept = Stored("takes/b.png", "b" * 64, 1)
    read = uploads.Upload(scene.pk, TakeKind.IMAGE, owner, "", None, kept, facts, measures={})
    (error,) = in_turn(
        lambda: takes.select_take(good.pk, actor=owner), lambda: uploads.add_take(read)
    )
    assert isinstance(error, ApprovedTake)
    assert Scene.objects.get().image_take == good


def test_edit_of_a_scene_whose_prompt_changes_meanwhile_finds_it(story, owner):
    scene = make_scene(story)
    change = {"prompt": ScenePrompt.objects.create(text="other")}
    assert (
        in_turn(
            lambda: Scene.objects.filter(pk=scene.pk).update(**change),
            lambda: scenes.edit(scene.pk, actor=owner, title="New"),
        )
        == []
    )
    now = Scene.objects.get()
    assert (now.prompt.text, now.title) == ("other", "New")


def test_crop_of_a_scene_that_is_deleted_meanwhile_stays(story, owner):
    scene = make_scene(story)
    take = make_take(scene, width=1000, height=1000)
    (error,) = in_turn(
        lambda: scenes.delete(scene.pk, actor=owner),
        lambda: takes.choose_crop(take.pk, x=0.5, y=0, actor=owner),
    )
    assert isinstance(error, Conflict)
    assert Take.objects.get().crop == take.crop


def test_two_films_at_once_have_two_numbers(story):
    values = {
        "file": "films/a.mp4",
        "width": 1280,
        "height": 720,
        "fps": 24,
        "frames": 24,
        "size_bytes": 1,
        "manifest_hash": "x",
    }

    def add():
        add_film(story, "preview", hold=lambda: None, **values)

    assert in_turn(add, add) == []
    assert sorted(Film.objects.values_list("number", flat=True)) == [1, 2]


def test_no_take_is_ordered_for_a_scene_that_is_deleted_meanwhile(story, owner):
    stays, goes = make_scene(story), make_scene(story)
    enqueue.enqueue_story(story, TakeKind.IMAGE, actor=owner)
    job = claim(worker="one")
    run = Run(job, Lease(job, time_limit=timedelta(minutes=5), stopping=never), watched=True)
    work = FilmWork(run, story, TakeKind.IMAGE, FilmKind.PREVIEW)
    assert (
        in_turn(lambda: scenes.delete(goes.pk, actor=owner), lambda: film_parts.order_missing(work))
        == []
    )
    assert list(Job.objects.filter(name="scene_preview").values_list("item", flat=True)) == [
        stays.key
    ]


# A story that is closed or left by its jobs meanwhile


@pytest.mark.parametrize(
    "act",
    [
        "make pictures",
        "make a take",
        "change a take",
        "make sound",
        "check takes",
        "merge scenes",
        "edit a scene",
        "change the sound",
        "say how words are spoken",
        "edit the story",
    ],
)
def test_story_that_is_archived_meanwhile_is_not_changed(story, owner, manager, paid, act):
    scene, _next = make_scene(story), make_scene(story)
    take = make_take(scene, content=picture())
    for name, abilities in (("eye", {"vision": True}), ("brush", {"tasks": ["upscale"]})):
        ProviderModel.objects.create(
            provider=paid,
            name=name,
            kind="text" if name == "eye" else "image",
            unit="call" if name == "eye" else "image",
            price=0,
            capabilities=abilities,
        )
    Story.objects.filter(pk=story.pk).update(status="completed", vision_provider="paid")
    acts = {
        "make pictures": lambda: generation.start_generation(story.pk, "image", actor=owner),
        "make a take": lambda: generation.generate_scene(scene.pk, "image", actor=owner),
        "change a take": lambda: edit_take(take.pk, actor=owner, task="upscale"),
        "make sound": lambda: generation.generate_sound(story.pk, actor=owner),
        "check takes": lambda: generation.start_vision_checks(story.pk, actor=owner),
        "merge scenes": lambda: scene_splits.merge_with_next(scene.pk, actor=owner),
        "edit a scene": lambda: scenes.edit(scene.pk, actor=owner, title="New"),
        "change the sound": lambda: sound.change_settings(story.pk, actor=owner, mood="tense"),
        "say how words are spoken": lambda: set_pronunciations(
            story.pk, actor=owner, entries=[Entry("Haru", "Ha-roo")]
        ),
        "edit the story": lambda: stories.edit(story.pk, actor=owner, title="New"),
    }

    def rows():
        return (
            Story.objects.values_list("title", flat=True).get(),
            list(Scene.objects.values_list("title", "deleted_at").order_by("position")),
            list(StorySound.objects.values_list("mood", flat=True)),
            [model.objects.count() for model in (Job, Confirmation, Pronunciation)],
        )

    before = rows()
    (error,) = in_turn(
        lambda: apply_transition(story.pk, "archive", actor=manager, reason="over"), acts[act]
    )
    assert any(words in str(error).lower() for words in ("“archived”", "in the archive"))
    assert (rows(), Story.objects.get().status) == (before, "archived")


@pytest.mark.parametrize("act", ["plan", "archive", "give up"])
def test_title_that_is_edited_while_the_story_moves_stays(owner, manager, act):
    story = make_story(owner, status="previewing" if act == "give up" else "draft")
    acts = {
        "plan": lambda: generation.start_planning(story.pk, actor=owner),
        "archive": lambda: apply_transition(story.pk, "archive", actor=manager),
        "give up": lambda: transitions.give_up(story.pk, actor=owner),
    }

    def edit():
        stories.edit(story.pk, actor=owner, title="New")

    assert in_turn(edit, acts[act]) == []
    now = Story.objects.get()
    after = {"plan": "planning", "archive": "archived", "give up": "failed"}[act]
    assert (now.title, now.status) == ("New", after)


def test_two_that_archive_a_story_leave_one_entry(manager):
    story = make_story(manager, status="completed")

    def archive():
        return apply_transition(story.pk, "archive", actor=manager)

    (error,) = in_turn(archive, archive)
    assert isinstance(error, NotAllowed)
    assert StoryStateTransition.objects.filter(story=story, to_status="archived").count() == 1


def test_two_that_give_a_story_up_leave_one_entry(story, owner):
    def give_up():
        return transitions.give_up(story.pk, actor=owner)

    (error,) = in_turn(give_up, give_up)
    assert isinstance(error, NotAllowed)
    assert StoryStateTransition.objects.filter(story=story, to_status="failed").count() == 1


def test_story_is_given_up_while_its_job_ends(story, owner):
    """The end of a job locks the job, then the story."""
    make_scene(story)
    job = enqueue.enqueue_story(story, TakeKind.IMAGE, actor=owner)

    def end():
        Job.objects.select_for_update().get(pk=job.pk)
        yield
        Story.objects.select_for_update().get(pk=story.pk)

    assert in_turn(end, lambda: transitions.give_up(story.pk, actor=owner)) == []
    assert (Story.objects.get().status, Job.objects.get().status) == ("failed", "cancelled")


def test_planning_that_two_start_is_begun_once(owner):
    story = make_story(owner)

    def plan():
        return generation.start_planning(story.pk, actor=owner)

    (error,) = in_turn(plan, plan)
    assert isinstance(error, NotAllowed)
    assert Job.objects.filter(name="story_planning").count() == 1


def test_scenes_that_two_attempts_write_are_written_once(owner):
    story = make_story(owner, status="planning")
    planned = [{"title": "One", "narration": "A boat.", "prompt": "a boat", "camera": "still"}]

    def write():
        write_scenes(story, planned, replace=False)

    assert in_turn(write, write) == []
    assert list(Scene.objects.values_list("title", flat=True)) == ["One"]


def test_retry_of_a_story_that_is_moved_meanwhile_is_refused(owner):
    story = make_story(owner, status="planning")
    job = enqueue.enqueue_planning(story, actor=owner, replace=False)
    Job.objects.filter(pk=job.pk).update(status="failed")
    (error,) = in_turn(
        lambda: Story.objects.filter(pk=story.pk).update(status="draft"),
        lambda: retry.retry_job(job.pk, actor=owner),
    )
    assert isinstance(error, GuardRefused)
    assert Job.objects.get().status == "failed"


def test_retry_of_a_job_that_is_queued_meanwhile_says_so(story, owner):
    job, _new = enqueue.enqueue_scene(make_scene(story), "image", owner=owner)
    Job.objects.filter(pk=job.pk).update(status="failed")
    (error,) = in_turn(lambda: queue.retry(job.pk), lambda: retry.retry_job(job.pk, actor=owner))
    assert isinstance(error, NotPossible)
    assert error.sentence.values == {"status": "queued"}


def test_job_that_fails_leaves_a_story_that_a_person_has_moved(owner):
    story = make_story(owner, status="planning")
    job = enqueue.enqueue_planning(story, actor=owner, replace=False)

    def end():
        with transaction.atomic():
            outcomes.follow(job, "fail", "planning")

    assert in_turn(lambda: Story.objects.filter(pk=story.pk).update(status="draft"), end) == []
    assert Story.objects.get().status == "draft"


def test_take_of_a_scene_that_is_deleted_meanwhile_is_not_begun(story, owner):
    scene = make_scene(story)
    (error,) = in_turn(
        lambda: scenes.delete(scene.pk, actor=owner),
        lambda: generation.generate_scene(scene.pk, "image", actor=owner),
    )
    assert isinstance(error, Scene.DoesNotExist)
    assert Job.objects.count() == 0


def test_retake_for_a_comment_whose_scene_is_deleted_meanwhile_says_so(story, owner):
    scene = make_scene(story)
    comment = comments.on_scene(scene.pk, actor=owner, text="Brighter.")
    (error,) = in_turn(
        lambda: scenes.delete(scene.pk, actor=owner),
        lambda: retakes.retake(comment.pk, TakeKind.IMAGE, actor=owner, confirm_total=Decimal(0)),
    )
    assert isinstance(error, Invalid)
    assert str(error) == "The scene of this comment is gone."
    assert Comment.objects.get().retaken_at is None


def test_english_that_arrives_stays_when_its_scene_is_merged(story, owner):
    first = make_scene(story, text="Line 1.", text_en="Line 1.")
    second = make_scene(story, text="Line 2.")
    prompt = second.prompt
    assert (
        in_turn(
            lambda: english.write(
                second.pk,
                prompt,
                "Line 2.",
                seen_before=english.seen(prompt),
                hold=lambda: None,
            ),
            lambda: scene_splits.merge_with_next(first.pk, actor=owner),
        )
        == []
    )
    assert Scene.live.get().prompt.text_en == "Line 1. Line 2."


def test_request_that_two_decide_is_decided_once(story, owner, make_person):
    approval = Approval.objects.create(
        story=story, kind="image", plan_hash="h", lines=[], total=2, limit=1, asked_by=owner
    )
    first, second = (make_person(name, role="manager") for name in ("first", "second"))
    (error,) = in_turn(
        lambda: approval_decisions.decide(approval.pk, approve=False, actor=first, reason="no"),
        lambda: approval_decisions.withdraw(approval.pk, actor=second),
    )
    assert isinstance(error, Conflict)
    now = Approval.objects.get()
    assert (now.decision, now.decided_by) == ("refused", first)


# Sheets and sounds


def test_sheet_that_arrives_leaves_the_one_that_is_selected_meanwhile(story, owner):
    look = first_look(cast.create_member(story.pk, actor=owner, name="Haru"))
    facts = {"file": "calls/a.png", "mime": "image/png", "width": 1280, "height": 720}
    mine = SheetTake.objects.create(look=look, sha256="b" * 64, **facts)
    call = make_call(
        story,
        kind="image",
        item=str(look.pk),
        request=to_json(sheets.sheet_request(story, look, model="")),
        result={**facts, "sha256": "a" * 64},
    )
    assert (
        in_turn(lambda: sheets.select(mine.pk, actor=owner), lambda: sheets.record_result(call))
        == []
    )
    assert Look.objects.get(pk=look.pk).sheet == mine
    assert SheetTake.objects.count() == 2


def make_music(story, **values):
    return SoundTake.objects.create(
        story=story, kind="music", file="calls/a.flac", sha256="a" * 64, samples=48000, **values
    )


def test_music_that_is_rejected_meanwhile_is_not_selected(story, owner):
    take = make_music(story)
    (error,) = in_turn(
        lambda: sound_takes.review(take.pk, review_status="rejected", reason="loud", actor=owner),
        lambda: sound_takes.select(take.pk, actor=owner),
    )
    assert isinstance(error, Invalid)
    assert not StorySound.objects.filter(music_take=take).exists()


def test_music_that_arrives_leaves_what_is_selected_meanwhile(story, owner):
    mine = make_music(story, review_status="approved")
    call = make_call(
        story,
        kind="music",
        item=str(story.pk),
        result={"file": "calls/b.flac", "sha256": "b" * 64, "mime": "audio/flac", "samples": 1},
    )
    assert (
        in_turn(
            lambda: sound_takes.select(mine.pk, actor=owner),
            lambda: sound_takes.record_result(call),
        )
        == []
    )
    assert StorySound.objects.get().music_take == mine
    assert SoundTake.objects.count() == 2


# Scenes, jobs and comments


def test_scene_that_is_restored_meanwhile_is_not_removed(story, owner):
    make_scene(story)
    scene = make_scene(story)
    scenes.delete(scene.pk, actor=owner)
    Scene.objects.filter(pk=scene.pk).update(deleted_at=timezone.now() - timedelta(days=1000))
    sweep = next(finding for finding in retention.rows() if finding.name == "deleted scenes")
    assert sweep.count == 1
    assert in_turn(lambda: scenes.restore(scene.pk, actor=owner), sweep.remove) == []
    assert Scene.live.filter(pk=scene.pk).exists()


def test_override_keeps_what_another_writes_into_the_job(story, owner):
    job, _new = enqueue.enqueue_scene(make_scene(story), "image", owner=owner)

    def other():
        row = Job.objects.get(pk=job.pk)
        row.data["parameters"]["provider"] = "runway_ml"
        Job.objects.filter(pk=job.pk).update(data=row.data)

    assert in_turn(other, lambda: enqueue.override(job, "as they are", actor=owner)) == []
    parameters = Job.objects.get(pk=job.pk).data["parameters"]
    assert (parameters["provider"], parameters["override_reason"]) == ("runway_ml", "as they are")
    assert JobLog.objects.filter(job=job, message_data__values__reason="as they are").count() == 1


def test_comment_that_two_resolve_at_once_names_the_first(story, owner, make_person):
    boss = make_person("boss", role="manager")
    comment = comments.on_scene(make_scene(story).pk, actor=owner, text="Brighter.")
    assert (
        in_turn(
            lambda: comments.settle(comment.pk, actor=boss),
            lambda: comments.settle(comment.pk, actor=owner),
        )
        == []
    )
    assert Comment.objects.get().resolved_by == boss


def test_comment_is_resolved_and_shown_at_once(story, owner):
    comment = comments.on_scene(make_scene(story).pk, actor=owner, text="Brighter.")
    assert (
        in_turn(
            lambda: comments.settle(comment.pk, actor=owner),
            lambda: comments.show(comment.pk, actor=owner, visibility="client"),
        )
        == []
    )
    now = Comment.objects.get()
    assert (now.resolved_by, now.visibility) == (owner, "client")
