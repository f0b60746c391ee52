"""What is deleted or closed changes nothing and says so; the most scenes; the row locks, each with
two writers.
"""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction

from jobs.models import Job
from providers.enums import CallState
from providers.models import ProviderCall
from stories.errors import Conflict, GuardRefused, Invalid
from stories.models import Scene, Story, Take
from stories.services import locking, scene_splits, scenes, takes
from stories.services.locking import why_words_locked
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import make_takes

SAID = r"This scene has been deleted\. Nothing was changed\."


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing")


def rows(story):
    return list(
        Scene.objects.filter(story=story)
        .order_by("created_at")
        .values_list("position", "narration", "deleted_at", "duration_seconds", "prompt")
    )


@pytest.mark.parametrize(
    "act", ["edit", "merge", "duplicate", "split", "move", "unmerge", "choose", "judge"]
)
def test_operations_on_a_deleted_scene_change_nothing_and_say_so(story, owner, act):
    first, second, third = (make_scene(story, narration=f"One {n}. Two {n}.") for n in range(3))
    take = make_take(first, chosen=False)
    scenes.delete(first.pk, actor=owner)
    acts = {
        "edit": lambda: scenes.edit(first.pk, actor=owner, text="other"),
        "merge": lambda: scene_splits.merge_with_next(first.pk, actor=owner),
        "duplicate": lambda: scenes.duplicate(first.pk, actor=owner),
        "split": lambda: scene_splits.split(first.pk, actor=owner, at=6),
        "move": lambda: scenes.move(first.pk, actor=owner, position=2),
        "unmerge": lambda: scene_splits.unmerge(first.pk, third.pk, actor=owner),
        "choose": lambda: takes.select_take(take.pk, actor=owner),
        "judge": lambda: takes.review_take(take.pk, review_status="approved", actor=owner),
    }
    before = rows(story)
    with pytest.raises(Conflict, match=SAID):
        acts[act]()
    assert rows(story) == before
    assert (Scene.objects.get(pk=first.pk).image_take, Take.objects.get().review_status) == (
        None,
        "unreviewed",
    )
    assert list(Scene.live.filter(story=story).order_by("position")) == [second, third]


@pytest.mark.parametrize("act", ["create", "bulk", "duplicate", "split", "restore", "unmerge"])
def test_the_most_scenes_hold_on_every_path(story, owner, act, monkeypatch):
    monkeypatch.setattr(locking, "MAX_SCENES", 3)
    first, second, gone = (make_scene(story, narration=f"One {n}. Two {n}.") for n in range(3))
    if act == "unmerge":
        scene_splits.merge_with_next(first.pk, actor=owner)
    else:
        scenes.delete(gone.pk, actor=owner)
    make_scene(story)
    acts = {
        "create": lambda: scenes.create(story.pk, actor=owner, text="x"),
        "bulk": lambda: scenes.bulk_create(story.pk, actor=owner, scenes=[{"text": "x"}]),
        "duplicate": lambda: scenes.duplicate(first.pk, actor=owner),
        "split": lambda: scene_splits.split(first.pk, actor=owner, at=6),
        "restore": lambda: scenes.restore(gone.pk, actor=owner),
        "unmerge": lambda: scene_splits.unmerge(first.pk, second.pk, actor=owner),
    }
    before = rows(story)
    with pytest.raises(Invalid, match="at most 3 scenes"):
        acts[act]()
    assert (rows(story), Scene.live.filter(story=story).count()) == (before, 3)


# Editing while the final film waits


@pytest.fixture
def rendering(owner, paid):
    return make_story(owner, status="rendering", image_provider="paid", clip_provider="paid")


def clip_call(scene, state):
    ProviderCall.objects.create(
        provider_id="paid",
        kind="clip",
        state=state,
        key=f"clip:{scene.pk}:0",
        subject=str(scene.story_id),
        item=scene.key,
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=Decimal("0.35"),
    )


def test_a_scene_that_waits_for_a_person_is_edited_in_the_final_render_and_no_other(
    rendering, owner
):
    failed, running, done, unclear = (make_scene(rendering) for _ in range(4))
    for scene in (failed, running, done, unclear):
        make_take(scene)
    make_take(done, "clip")
    clip_call(running, CallState.ACCEPTED)
    clip_call(unclear, CallState.UNCLEAR)
    make_takes(failed.pk, "clip", actor=owner)
    assert why_words_locked(rendering, Scene.objects.get(pk=failed.pk)) is not None
    Job.objects.update(status="failed")
    scenes.edit(failed.pk, actor=owner, text="a calmer boat", duration_seconds=6)
    scenes.edit(unclear.pk, actor=owner, narration="Other words.")
    for scene in (running, done):
        with pytest.raises(GuardRefused):
            scenes.edit(scene.pk, actor=owner, text="x")
    for act in (scenes.duplicate, scene_splits.merge_with_next, scenes.delete):
        with pytest.raises(GuardRefused):
            act(failed.pk, actor=owner)
    assert Scene.objects.get(pk=failed.pk).prompt.text == "a calmer boat"


@pytest.mark.parametrize("status", ["planning", "archived"])
def test_no_scene_is_edited_while_the_story_is_planned_or_archived(owner, status):
    scene = make_scene(make_story(owner, status=status))
    with pytest.raises(GuardRefused):
        scenes.edit(scene.pk, actor=owner, text="x")


# Two writers at once


def together(*acts):
    begin, errors = threading.Barrier(len(acts)), []

    def run(act):
        begin.wait()
        try:
            act()
        except Exception as error:  # noqa: BLE001  told to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_who_duplicate_at_once_leave_positions_without_gap_or_double(make_person):
    owner = make_person("maker", role="producer")
    story = make_story(owner, status="previewing")
    scene = make_scene(story)
    assert together(*[lambda: scenes.duplicate(scene.pk, actor=owner)] * 4) == []
    assert list(
        Scene.live.filter(story=story).order_by("position").values_list("position", flat=True)
    ) == [1, 2, 3, 4, 5]
    assert Story.objects.get(pk=story.pk).duration_seconds == 35


@pytest.mark.django_db(transaction=True)
@pytest.mark.row_locks
def test_an_edit_does_not_take_back_the_take_that_lands_meanwhile(make_person):
    """The edit saves the whole row: it reads it under the row's lock, which the choice of a take
    holds.
    """
    owner = make_person("maker", role="producer")
    story = make_story(owner, status="previewing")
    scene = make_scene(story)
    take = make_take(scene, chosen=False)
    chosen, go_on = threading.Event(), threading.Event()

    def select_take():
        with transaction.atomic():
            takes.select_take(take.pk, actor=owner)
            chosen.set()
            go_on.wait(60)

    def edit():
        chosen.wait(60)
        threading.Timer(0.5, go_on.set).start()
        scenes.edit(scene.pk, actor=owner, text="other")

    assert together(select_take, edit) == []
    after = Scene.objects.get(pk=scene.pk)
    assert (after.image_take, after.prompt.text) == (take, "other")
