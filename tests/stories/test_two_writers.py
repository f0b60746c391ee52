"""Each row lock of stories and films with two writers. Each test fails without its
`select_for_update`.
"""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.lease import Lease, never
from jobs.models import Job, JobLog
from jobs.run import Run
from jobs.services.claim import claim
from operations import retention
from providers.enums import CallState
from providers.models import ProviderCall
from providers.requests import to_json
from providers.store import Stored
from stories.enums import FilmKind, TakeKind
from stories.errors import ApprovedTake, Conflict, Invalid
from stories.film.build import add_film
from stories.handlers import film_parts
from stories.handlers.film_work import FilmWork
from stories.models import Comment, Film, Scene, ScenePrompt, Take
from stories.services import comments, enqueue, scenes, takes, uploads
from stories.services.fingerprints import image_request
from tests.stories.factories import make_scene, make_story, make_take
from tests.two_writers import in_turn, row_locks

pytestmark = [row_locks, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner(make_person):
    return make_person("maker", role="producer")


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing")


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
    call = ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        state=CallState.SETTLED,
        key=uuid.uuid4().hex,
        subject=str(story.pk),
        item=scene.key,
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
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
