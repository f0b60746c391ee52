"""Reference sheets: priced, made once by jobs, uploaded, reviewed, and part of what takes show."""

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import CastReference, from_json
from stories.errors import ApprovedTake, Forbidden, GuardRefused, Invalid, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Look, Scene, SheetTake, Take
from stories.services import cast, scenes, sheets
from stories.services.cast import Appearance
from stories.services.continuity import MISSING, Keyframe
from stories.services.fingerprints import is_stale, present_hash
from stories.services.generation import generate_scene
from stories.services.plan import load_scenes, plan_generation
from stories.services.sheet_generation import generate_sheet
from stories.services.takes import review_take
from tests.stories.factories import first_look, make_scene, make_story, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", duration_seconds=14)


@pytest.fixture
def haru(story, owner):
    about = {"description": "갈색 머리에 빨간 외투를 입은 소녀"}
    return cast.create_member(story.pk, actor=owner, name="Haru", **about)


@pytest.fixture
def look(haru):
    return first_look(haru)


def picture(color="#3060a0", size=(640, 360)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return SimpleUploadedFile("sheet.png", file.getvalue(), content_type="image/png")


def upload(look, owner, color="#3060a0", **values):
    return sheets.upload(look.pk, file=picture(color), actor=owner, **values)


def priced(price="0.25"):
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="image", name="paid", is_default=True, price=Decimal(price), unit="image"
    )


def show(scene, owner, *looks, **values):
    appearances = [Appearance(look.pk, **values) for look in looks]
    return cast.set_scene_cast(scene.pk, actor=owner, appearances=appearances)


def selected(look):
    return Look.objects.get(pk=look.pk).sheet


def state_of(story, look):
    look = Look.objects.select_related("member", "sheet").get(pk=look.pk)
    (plan,) = sheets.plan_sheets(story, [look])
    return plan.state


def stale(story):
    return [
        scene.position for scene in load_scenes(story) if is_stale(story, scene, scene.image_take)
    ]


@pytest.mark.moderate
def test_a_sheet_is_made_once_at_its_confirmed_price(story, owner, look):
    priced()
    with pytest.raises(PlanChanged):
        generate_sheet(look.pk, actor=owner, confirm_total=Decimal("0.10"))
    start = generate_sheet(look.pk, actor=owner, confirm_total=Decimal("0.25"))
    assert start.total == Decimal("0.25")
    assert state_of(story, look) == "running"
    with pytest.raises(GuardRefused):
        generate_sheet(look.pk, actor=owner)
    run_due()
    (take,) = SheetTake.objects.all()
    assert selected(look) == take
    assert (take.source, take.cost, take.width, take.height) == (
        "generated",
        Decimal(0),  # as the local provider reports it
        1600,
        900,
    )
    assert Job.objects.get(pk=start.jobs[0].pk).status == JobStatus.SUCCEEDED
    assert ProviderCall.objects.count() == 1
    assert state_of(story, look) == "done"
    assert not Take.objects.exists()


@pytest.mark.moderate
def test_variants_stand_side_by_side_and_none_replaces_the_selected(story, owner, look):
    first = upload(look, owner)
    generate_sheet(look.pk, actor=owner, variants=3)
    run_due()
    made = SheetTake.objects.filter(source="generated")
    assert len({take.seed for take in made}) == 3
    assert selected(look) == first
    with pytest.raises(Invalid):
        generate_sheet(look.pk, actor=owner, variants=5)


@pytest.mark.moderate
def test_a_changed_description_makes_the_sheet_stale_and_its_next_one_selected(story, owner, look):
    generate_sheet(look.pk, actor=owner)
    run_due()
    first = selected(look)
    cast.edit_look(look.pk, actor=owner, description="in a blue coat")
    assert state_of(story, look) == "stale"
    assert SheetTake.objects.count() == 1  # nothing is made without being asked for
    generate_sheet(look.pk, actor=owner)
    run_due()
    assert selected(look) not in {None, first}


@pytest.mark.moderate
def test_a_result_that_came_without_its_job_is_recorded_once(story, owner, look):
    generate_sheet(look.pk, actor=owner)
    run_due()
    call = ProviderCall.objects.get()
    SheetTake.objects.all().delete()
    assert record_leftover_results() == 1
    assert record_leftover_results() == 0
    assert SheetTake.objects.get().call == call
    assert not Take.objects.exists()


def test_uploads_are_checked_and_spare_an_approved_sheet(story, owner, look, stranger):
    take = upload(look, owner)
    assert selected(look) == take
    sheets.review(take.pk, review_status="approved", actor=owner)
    with pytest.raises(ApprovedTake):
        upload(look, owner, "#ff0000")
    assert SheetTake.objects.count() == 1
    second = upload(look, owner, "#ff0000", replace=True)
    assert selected(look) == second
    with pytest.raises(Forbidden):
        upload(look, stranger)
    from media.errors import MediaError

    broken = SimpleUploadedFile("sheet.png", b"no picture")
    with pytest.raises(MediaError):
        sheets.upload(look.pk, file=broken, actor=owner)
    assert SheetTake.objects.count() == 2


def test_a_rejected_sheet_is_sent_no_more(story, owner, look):
    take = upload(look, owner)
    with pytest.raises(Invalid):
        sheets.review(take.pk, review_status="rejected", actor=owner)
    sheets.review(take.pk, review_status="rejected", actor=owner, reason="another coat")
    assert selected(look) is None
    with pytest.raises(Invalid):
        sheets.select(take.pk, actor=owner)
    sheets.review(take.pk, review_status="unreviewed", actor=owner)
    assert sheets.select(take.pk, actor=owner) == selected(look)


def test_a_sheet_makes_stale_exactly_the_scenes_that_show_it(story, owner, haru, look):
    winter = cast.add_look(haru.pk, actor=owner, name="Winter")
    for shown in (look, winter, None, look):
        scene = make_scene(story)
        if shown is not None:
            show(scene, owner, shown)
    for scene in load_scenes(story):
        make_take(scene)
    priced("0.10")
    take = upload(look, owner)
    assert stale(story) == [1, 4]
    plan = plan_generation(story, "image", mode="stale")
    assert plan.total == Decimal("0.20")
    assert not Job.objects.exists()
    sheets.deselect(look.pk, actor=owner)
    assert stale(story) == []
    sheets.select(take.pk, actor=owner)
    show(Scene.objects.get(story=story, position=4), owner, look, with_sheet=False)
    assert stale(story) == [1]


@pytest.mark.moderate
def test_a_job_sends_the_sheet_that_is_selected_when_it_is_sent(story, owner, look):
    scene = make_scene(story)
    show(scene, owner, look)
    first = upload(look, owner)
    generate_scene(scene.pk, "image", actor=owner)
    second = upload(look, owner, "#ff0000")  # after the order
    run_due()
    take = Take.objects.get()
    (sent,) = from_json(take.call.request).cast
    assert (sent.file, sent.sha256) == (second.file, second.sha256)
    assert stale(story) == []
    sheets.select(first.pk, actor=owner)
    assert stale(story) == [1]


def test_a_take_without_sheets_is_not_stale_for_a_model_that_takes_none(story, owner, look):
    scene = make_scene(story)
    show(scene, owner, look)
    local = AIProviderConfig.objects.get(provider="local")
    assert local.kind == "local"
    take = make_take(Scene.objects.get(pk=scene.pk))
    without = _hash_without_sheets(story, scene)
    Take.objects.filter(pk=take.pk).update(input_hash=without)
    upload(look, owner)
    assert stale(story) == []
    cast.edit_look(look.pk, actor=owner, description="another")
    assert stale(story) == [1]


def _hash_without_sheets(story, scene):
    from providers.preflight import EVERYTHING
    from stories.services import fingerprints

    return fingerprints._hash_for(story, scene, "image", EVERYTHING - {"references"})


ONE = st.builds(
    CastReference,
    st.sampled_from(["character", "place"]),
    st.sampled_from(["Haru", "Jonas"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "a"]),
    st.just("file"),
    st.sampled_from(["", "1" * 64, "2" * 64]),
)


class Row:
    """A scene as the board reads it."""

    def __init__(
        self, prompt: Any, shown: Any, *, start: str = "", boundary: str = "cut", end: str = ""
    ) -> None:
        self.prompt, self.references, self.boundary = prompt, shown, boundary
        self.image_take = Take(sha256=start) if start else None
        self.keyframe = Keyframe("take", "file", end) if end else MISSING


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ONE, max_size=3), st.lists(ONE, max_size=3))
@pytest.mark.moderate
def test_hashes_are_equal_exactly_if_what_is_shown_is_equal(first, second):
    from stories.models import ScenePrompt, Story

    story, prompt = Story(), ScenePrompt(text="a boat")

    for kind in ("image", "clip"):
        hashes = [present_hash(story, Row(prompt, shown), kind) for shown in (first, second)]
        assert (hashes[0] == hashes[1]) is (distinguishable(first) == distinguishable(second))


def distinguishable(shown):
    """What is shown, in any order; whose it is where only the name tells two members apart."""
    words = [(m.role, m.description, m.description_en) for m in shown]
    sheets_of = {
        of: {m.sha256 for m, own in zip(shown, words, strict=True) if own == of} for of in words
    }
    return sorted(
        (*own, m.sha256, m.name if len(sheets_of[own]) > 1 else "")
        for m, own in zip(shown, words, strict=True)
    )


PICTURE = st.sampled_from(["", "3" * 64, "4" * 64])
CLIP = st.tuples(
    st.lists(ONE, max_size=2), PICTURE, st.sampled_from(["cut", "continuous"]), PICTURE
)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(CLIP, CLIP)
@pytest.mark.moderate
def test_hashes_of_clips_are_equal_exactly_if_sheets_and_frames_are(first, second):
    from stories.models import ScenePrompt, Story

    def made_from(shown, start, boundary, end):
        return distinguishable(shown), start, end if boundary == "continuous" else ""

    def hash_of(shown, start, boundary, end):
        scene = Row(ScenePrompt(text="a boat"), shown, start=start, boundary=boundary, end=end)
        return present_hash(Story(), scene, "clip")

    same = made_from(*first) == made_from(*second)
    assert (hash_of(*first) == hash_of(*second)) is same


def references(*shown):
    return [
        CastReference("character", name, words, "", "file" if digest else "", digest)
        for name, words, digest in shown
    ]


BLUE, RED = "1" * 64, "2" * 64


@pytest.mark.parametrize("kind", ["image", "clip"])
@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        # The order gives the tags, and the prompt says whose each tag is.
        ([("Haru", "a", BLUE), ("Jonas", "b", RED)], [("Jonas", "b", RED), ("Haru", "a", BLUE)], 1),
        ([("Haru", "a", BLUE), ("Jonas", "b", RED)], [("Haru", "a", RED), ("Jonas", "b", BLUE)], 0),
        # Two members with the same words: only their names say who wears which sheet.
        ([("Haru", "", BLUE), ("Jonas", "", RED)], [("Haru", "", RED), ("Jonas", "", BLUE)], 0),
        ([("Haru", "", BLUE), ("Jonas", "", RED)], [("Jonas", "", RED), ("Haru", "", BLUE)], 1),
        ([("Haru", "", BLUE), ("Jonas", "", BLUE)], [("Jonas", "", BLUE), ("Haru", "", BLUE)], 1),
        # Two members with the same sheet are not one.
        ([("Haru", "", BLUE), ("Jonas", "", BLUE)], [("Haru", "", BLUE)], 0),
        ([("Haru", "a", BLUE), ("Jonas", "b", BLUE)], [("Haru", "a", BLUE), ("Jonas", "b", "")], 0),
    ],
)
def test_hash_of_two_members(kind, first, second, equal):
    from stories.models import ScenePrompt, Story

    hashes = {
        present_hash(Story(), Row(ScenePrompt(text="a boat"), references(*shown)), kind)
        for shown in (first, second)
    }
    assert len(hashes) == (1 if equal else 2)


@pytest.mark.parametrize("review", ["unreviewed", "approved"])
@pytest.mark.parametrize("kind", ["image", "clip"])
def test_a_take_stays_good_if_only_the_model_of_its_scene_changes(
    story, owner, look, kind, review, settings
):
    settings.PROVIDER_KEYS = {"runway_ml": "key_" + "a" * 128}
    AIProviderConfig.objects.filter(provider="runway_ml").update(is_active=True)
    scene = make_scene(story, text_en="a boat")
    upload(look, owner)
    show(scene, owner, look)
    image = make_take(Scene.objects.get(pk=scene.pk))
    takes = {"image": image, "clip": make_take(Scene.objects.get(pk=scene.pk), "clip")}
    if review == "approved":
        for take in takes.values():
            review_take(take.pk, review_status="approved", actor=owner)
    models = {"image": ["gen4_image", ""], "clip": ["veo3.1_fast", "gen4_turbo"]}[kind]
    for model in models:
        scenes.edit(
            scene.pk, actor=owner, **{f"{kind}_provider": "runway_ml", f"{kind}_model": model}
        )
        (now,) = load_scenes(story)
        assert now.take(kind) == takes[kind]
        assert not is_stale(story, now, takes[kind])
        (item,) = plan_generation(story, kind, mode="stale", sound=False).items
        assert (item.state, item.will, item.maker.model) == ("done", False, model)
    assert Take.objects.get(pk=takes[kind].pk).review_status == review
    upload(look, owner, "#ff0000", replace=True)
    (now,) = load_scenes(story)
    assert is_stale(story, now, takes[kind])
