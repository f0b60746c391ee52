from decimal import Decimal

import pytest

from providers.enums import CallState
from providers.models import ProviderCall
from stories.errors import Forbidden, Invalid
from stories.models import Scene, Take
from stories.services import takes
from tests.stories.factories import make_scene, make_story, make_take

RESULT = {
    "file": "calls/ab/abc.png",
    "sha256": "a" * 64,
    "mime": "image/png",
    "width": 1600,
    "height": 900,
    "duration_ms": 0,
    "seed": 7,
}


@pytest.fixture
def scene(owner):
    return make_scene(make_story(owner))


def settled_call(scene, *, key="k"):
    return ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        state=CallState.SETTLED,
        key=key,
        subject=str(scene.story_id),
        item=str(scene.pk),
        request={"kind": "image", "prompt": scene.prompt.text},
        request_hash="h",
        unit_price=Decimal("0.02"),
        units=1,
        estimate=Decimal("0.02"),
        cost=Decimal("0.02"),
        result=RESULT,
    )


def record_take(call, scene, **values):
    return takes.record_take(
        call, scene=scene, kind="image", prompt=scene.prompt, **{"select": True, **values}
    )


def chosen(scene):
    return Scene.objects.get(pk=scene.pk).image_take


def test_land_makes_one_take_however_often(scene):
    call = settled_call(scene)
    first, again = record_take(call, scene), record_take(call, scene)
    assert first == again == Take.objects.get()
    assert (first.cost, first.seed, first.provider, first.file) == (
        Decimal("0.02"),
        7,
        "local",
        "calls/ab/abc.png",
    )
    assert chosen(scene) == first


def test_land_leaves_a_good_choice_alone(scene):
    good = make_take(scene)
    record_take(settled_call(scene), scene)
    assert chosen(scene) == good


def test_land_takes_the_place_of_a_rejected_one(scene):
    make_take(scene, review_status="rejected", review_reason="too dark")
    assert record_take(settled_call(scene), scene) == chosen(scene)


def test_land_takes_the_place_of_a_stale_one(scene):
    make_take(scene, input_hash="0" * 64)
    assert record_take(settled_call(scene), scene) == chosen(scene)


def test_land_what_nobody_wanted_selected_serves_where_there_is_nothing_else(scene):
    first = record_take(settled_call(scene), scene, select=False)
    record_take(settled_call(scene, key="other"), scene, select=False)
    assert chosen(scene) == first


def test_land_what_nobody_wanted_selected_beside_a_stale_one(scene):
    old = make_take(scene, input_hash="0" * 64)
    record_take(settled_call(scene), scene, select=False)
    assert chosen(scene) == old


def test_land_leaves_what_a_person_has_selected_since_it_was_asked_for(scene):
    before, since = make_take(scene, input_hash="0" * 64), make_take(scene, input_hash="1" * 64)
    record_take(settled_call(scene), scene, replaces=str(before.pk))
    assert chosen(scene) == since
    wanted = record_take(settled_call(scene, key="other"), scene, replaces=str(since.pk))
    assert chosen(scene) == wanted


def test_choose(scene, owner):
    make_take(scene)
    other = make_take(scene, chosen=False)
    takes.select_take(other.pk, actor=owner)
    assert chosen(scene) == other


def test_choose_a_rejected_one(scene, owner):
    good = make_take(scene)
    bad = make_take(scene, chosen=False, review_status="rejected", review_reason="x")
    with pytest.raises(Invalid, match="rejected"):
        takes.select_take(bad.pk, actor=owner)
    assert chosen(scene) == good


def test_judge(scene, owner):
    take = takes.review_take(
        make_take(scene).pk, review_status="rejected", reason=" too dark ", actor=owner
    )
    take.refresh_from_db()
    assert (take.review_status, take.review_reason, take.reviewed_by) == (
        "rejected",
        "too dark",
        owner,
    )
    assert take.reviewed_at is not None

    takes.review_take(take.pk, review_status="unreviewed", actor=owner)
    take.refresh_from_db()
    assert (take.review_status, take.review_reason, take.reviewed_by, take.reviewed_at) == (
        "unreviewed",
        "",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("review_status", "reason", "field"),
    [("rejected", "  ", "reason"), ("great", "", "review_status")],
)
def test_judge_wrongly(scene, owner, review_status, reason, field):
    take = make_take(scene)
    with pytest.raises(Invalid) as caught:
        takes.review_take(take.pk, review_status=review_status, reason=reason, actor=owner)
    assert caught.value.field == field
    assert Take.objects.get(pk=take.pk).review_status == "unreviewed"


def test_only_the_owner_chooses_and_judges(scene, colleague):
    take = make_take(scene, chosen=False)
    with pytest.raises(Forbidden):
        takes.select_take(take.pk, actor=colleague)
    with pytest.raises(Forbidden):
        takes.review_take(take.pk, review_status="approved", actor=colleague)
    assert (chosen(scene), Take.objects.get(pk=take.pk).review_status) == (None, "unreviewed")


def test_an_unknown_review_status_is_named(scene, owner):
    take = make_take(scene)

    with pytest.raises(Invalid) as refused:
        takes.review_take(take.pk, review_status="maybe", actor=owner)

    assert str(refused.value) == "“maybe” is not a review status."
