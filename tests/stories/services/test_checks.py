"""What the automatic check says of takes, and what follows from it."""

import io
from decimal import Decimal

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import TestCase
from PIL import Image

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from media.measures import VERSION
from providers.adapters import Bytes, Result
from providers.backends.local.illustrator import paint
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import Doubt
from stories.models import Scene, Take, TakeCheck
from stories.services import checks, takes, uploads
from stories.services.plan import plan_generation
from stories.services.transitions import apply_transition
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.services.test_takes import chosen, record_take, settled_call

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HASH = "0f" * 32
FAR = "ff00" * 16
GOOD = {
    "version": VERSION,
    "luma": 240,
    "contrast": 200,
    "sharpness": 0.6,
    "letters": 0,
    "hash": HASH,
}
CLIP = {**GOOD, "black_ms": 0, "frozen_ms": 0, "flashes": 0}


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned")


@pytest.fixture
def scene(story):
    return make_scene(story)


@pytest.mark.parametrize(
    ("measures", "size", "doubts"),
    [
        ({}, (1600, 900), []),
        ({"luma": 24}, (1600, 900), ["black"]),
        ({"contrast": 12}, (1600, 900), ["blank"]),
        ({"sharpness": 0.14}, (1600, 900), ["blurred"]),
        ({"sharpness": 0.15}, (1600, 900), []),
        ({"letters": 6}, (1600, 900), ["letters"]),
        ({"letters": 5}, (1600, 900), []),
        ({}, (900, 1600), ["size"]),
        ({}, (1344, 768), []),
        ({}, (639, 360), ["size"]),
        ({}, (640, 360), []),
    ],
)
def test_pictures(scene, measures, size, doubts):
    take = make_take(scene, width=size[0], height=size[1], provider="stability_ai")
    assert checks.doubts_of(take, {**GOOD, **measures}) == doubts


@pytest.mark.parametrize(
    ("measures", "camera", "doubts"),
    [
        ({}, "push_in", []),
        ({"black_ms": 3500}, "push_in", ["black"]),
        ({"black_ms": 3499}, "push_in", []),
        ({"frozen_ms": 3500}, "push_in", ["frozen"]),
        ({"frozen_ms": 7000}, "still", []),
        ({"flashes": 4}, "still", ["strobing"]),
        ({"flashes": 3}, "still", []),
    ],
)
def test_clips(story, measures, camera, doubts):
    take = make_take(make_scene(story, camera=camera), "clip")
    assert checks.doubts_of(take, {**CLIP, **measures}) == doubts


def test_a_clip_that_is_shorter_than_its_scene(scene):
    assert checks.doubts_of(make_take(scene, "clip", duration_ms=6900), CLIP) == ["short"]
    assert checks.doubts_of(make_take(scene, "clip", duration_ms=6959), CLIP) == []


def test_a_duplicate_of_the_selected_take_of_another_scene(story, scene):
    checks.record(make_take(scene), GOOD)
    other = make_take(make_scene(story, text="another place"))
    assert checks.doubts_of(other, GOOD) == ["duplicate"]
    assert checks.doubts_of(other, {**GOOD, "hash": FAR}) == []
    # The same inputs may give the same picture, a scene may repeat itself, clips are no pictures.
    same = make_take(make_scene(story), input_hash=Take.objects.get(scene=scene).input_hash)
    assert checks.doubts_of(same, GOOD) == []
    assert checks.doubts_of(make_take(scene), GOOD) == []
    assert checks.doubts_of(make_take(make_scene(story, text="third"), "clip"), CLIP) == []
    # A scene that is not selected from, or deleted, is not in the film.
    Scene.objects.filter(pk=scene.pk).update(image_take=None)
    assert checks.doubts_of(other, GOOD) == []


@pytest.mark.parametrize(
    ("kind", "doubts"), [("local", []), ("replicate", ["letters"]), ("gone", ["letters"])]
)
def test_what_looks_like_letters_is_doubtful_unless_the_kind_of_connection_draws_none(
    scene, kind, doubts
):
    AIProviderConfig.objects.create(provider="second-studio", kind=kind)
    take = make_take(scene, provider="second-studio")
    assert checks.doubts_of(take, {**GOOD, "letters": 9}) == doubts


def test_the_local_provider_draws_no_letters_and_an_upload_may(scene):
    measures = {**GOOD, "letters": 9}
    assert checks.doubts_of(make_take(scene, provider="local"), measures) == []
    assert checks.doubts_of(make_take(scene, provider=""), measures) == ["letters"]


def test_each_version_of_the_check_has_one_row(scene):
    take = make_take(scene)
    for measures in ({**GOOD, "letters": 9}, GOOD):
        checks.record(take, measures)
    row = TakeCheck.objects.get()
    assert (row.version, row.doubts, row.measures) == (checks.VERSION, "", GOOD)
    checks.record(take, {})
    checks.record(take, {**GOOD, "version": VERSION + 1})
    assert TakeCheck.objects.count() == 1


def arrived(scene, key="k", **measures):
    call = settled_call(scene, key=key)
    call.result = {**call.result, "measures": {**GOOD, **measures}}
    return record_take(call, scene)


def test_a_doubtful_take_is_not_selected_by_itself(scene):
    take = arrived(scene, luma=3)
    assert (take.doubts, chosen(scene)) == ("black", None)
    assert takes.select_take(take.pk, actor=scene.story.owner).image_take == take


def test_a_doubtful_take_does_not_replace_a_rejected_one(scene):
    old = make_take(scene, review_status="rejected", review_reason="dark")
    arrived(scene, sharpness=0.01)
    assert chosen(scene) == old


def test_a_good_take_is_selected(scene):
    take = arrived(scene)
    assert (take.doubts, chosen(scene)) == ("", take)


def states(story, kind="image"):
    return [(item.state, item.will) for item in plan_generation(story, kind).items]


def test_what_waits_for_a_person_is_not_bought_again(story, scene, owner):
    take = arrived(scene, luma=3)
    assert states(story) == [("blocked", False)]
    assert plan_generation(story, "image").total == 0
    takes.review_take(take.pk, review_status="rejected", actor=owner, reason="black")
    assert states(story) == [("missing", True)]
    takes.review_take(take.pk, review_status="unreviewed", actor=owner)
    takes.select_take(take.pk, actor=owner)
    assert states(story) == [("done", False)]


def upload(scene, content, owner):
    file = SimpleUploadedFile("file.png", content)
    return uploads.upload(scene.pk, "image", file=file, actor=owner)


def test_an_upload_is_checked_and_selected_by_the_person(scene, owner, settings):
    settings.CHECK_TAKES = True
    take = upload(scene, picture("teal", (1280, 720)), owner)
    assert (take.doubts, chosen(scene)) == ("blank", take)
    small = upload(scene, picture("black", (64, 36)), owner)
    assert small.doubts == "black size"
    assert small.doubt_words == "black, wrong size"
    assert upload(scene, painting(), owner).doubts == ""


def painting(prompt="a lighthouse by the sea"):
    return paint(prompt, style="watercolour", seed=3, size=(1280, 720))


def test_earlier_takes_are_checked_once(story, scene, settings, capsys):
    make_take(scene, content=picture("black", (1280, 720)))
    make_take(make_scene(story, text="another place"), content=painting())
    lost = make_take(make_scene(story))
    storages["media"].delete(lost.file)
    with pytest.raises(CommandError, match="turned off"):
        call_command("check_takes")
    settings.CHECK_TAKES = True
    for message in (
        "checked: 2, not readable: 1; doubtful: 1 of 3\n",
        "checked: 0, not readable: 1; doubtful: 1 of 3\n",
    ):
        call_command("check_takes")
        assert capsys.readouterr().out == message
    assert chosen(scene).doubts == "black"


def test_a_new_version_of_the_rules_reads_no_file_again(scene, settings, monkeypatch):
    settings.CHECK_TAKES = True
    take = make_take(scene, provider="stability_ai")  # its file is no picture
    checks.record(take, {**GOOD, "letters": 9})
    monkeypatch.setattr(checks, "VERSION", checks.VERSION + 1)
    assert [checks.check(one) for one in checks.unchecked()] == [True]
    assert [(row.version, row.doubts) for row in TakeCheck.objects.order_by("version")] == [
        (checks.VERSION - 1, "letters"),
        (checks.VERSION, "letters"),
    ]


def test_no_doubt_is_without_words():
    assert all(str(doubt.label) for doubt in Doubt)
    assert len(" ".join(Doubt.values)) <= Take._meta.get_field("doubts").max_length


def made(content):
    return Result(media=Bytes(content), cost=Decimal("0.03"))


def shades(count):
    """Nearly black pictures, each with other bytes."""
    for number in range(count):
        out = io.BytesIO()
        Image.new("RGB", (1280, 720), (number, 0, 0)).save(out, "PNG")
        yield out.getvalue()


@pytest.fixture
def batch(owner, paid, script, settings):
    """A preview of six scenes whose pictures come back black."""
    settings.CHECK_TAKES, settings.HALT_AFTER_DOUBTFUL = True, 2
    story = make_story(owner, status="planned", image_provider="paid", clip_provider="paid")
    for number in range(6):
        make_scene(story, text=f"place {number}")
    script.submit = [made(content) for content in shades(6)]
    return story


def test_a_batch_halts_after_doubtful_takes_in_a_row(batch, owner):
    apply_transition(batch.pk, "generate_preview", actor=owner)
    run_due()
    assert ProviderCall.objects.count() == 2
    assert [take.doubts for take in Take.objects.all()] == ["black", "black"]
    halted = Job.objects.filter(name="scene_preview", status=JobStatus.WAITING)
    assert halted.count() == 4
    words = (
        "Halted: the automatic check has doubts about the last 2 takes. Select or reject one of "
        "them to go on."
    )
    assert {(job.wait_for, str(job.note)) for job in halted} == {(WaitFor.PERSON, words)}
    whole = Job.objects.get(name="story_preview")
    assert (whole.wait_for, str(whole.note)) == (WaitFor.PERSON, words)
    assert states(batch)[2:] == [("running", False)] * 4
    # Rejecting one lets the next be ordered; it is black, too.
    newest = Take.objects.first()
    with TestCase.captureOnCommitCallbacks(execute=True):
        takes.review_take(newest.pk, review_status="rejected", actor=owner, reason="black")
    run_due()
    assert ProviderCall.objects.count() == 4


def test_a_batch_that_may_not_halt(batch, owner, settings):
    settings.HALT_AFTER_DOUBTFUL = 0
    apply_transition(batch.pk, "generate_preview", actor=owner)
    run_due()
    assert ProviderCall.objects.count() == 6
    assert Scene.live.filter(story=batch, image_take=None).count() == 6
    whole = Job.objects.get(name="story_preview")
    assert whole.wait_for == WaitFor.PERSON
    assert str(whole.note) == (
        "Scene 1 could not be made: The automatic check has doubts about its picture. Select it "
        "or reject it. Change its prompt or retry it, or stop production."
    )
