"""Control per scene: provider, model, what to avoid, seed, strength, and continuous scenes."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import Boundary
from stories.errors import GuardRefused, Invalid, PlanChanged
from stories.models import Scene, Story, Take
from stories.selectors.job_facts import JobFacts
from stories.services import cast, scene_splits, scenes
from stories.services.cast import Appearance
from stories.services.controls import controls_of
from stories.services.fingerprints import is_stale
from stories.services.generation import generate_scene, start_generation
from stories.services.plan import load_scenes, plan_generation
from stories.web.board_rows import scene_rows
from tests.stories.factories import first_look, make_scene, make_story, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", duration_seconds=21)


@pytest.fixture
def three(story):
    return [make_scene(story) for _ in range(3)]


@pytest.fixture
def local():
    """The local provider sells two models of pictures and one of clips."""
    config = AIProviderConfig.objects.get(provider="local")
    for kind, name, price, unit in (
        ("image", "usual", "0.25", "image"),
        ("image", "fine", "0.75", "image"),
        ("clip", "mover", "0.10", "second"),
    ):
        config.models.create(
            kind=kind, name=name, price=Decimal(price), unit=unit, is_default=name != "fine"
        )
    return config


UNUSED_STRENGTH = (
    "Runway ML's model gen4_image does not use how closely the sheets are followed; it is not sent."
)


def keys(settings, *providers):
    settings.PROVIDER_KEYS = dict.fromkeys(providers, "key_" + "a" * 128)
    AIProviderConfig.objects.filter(provider__in=providers).update(is_active=True)


def prices(story, kind="image", **values):
    return [(item.state, item.price) for item in plan_generation(story, kind, **values).items]


def edit(scene, owner, **values):
    return scenes.edit(scene.pk, actor=owner, **values)


# Provider and model


@pytest.mark.slow
def test_a_scene_is_priced_made_and_confirmed_with_its_own_model(story, three, owner, local):
    plain = plan_generation(story, "image")
    assert plain.total == Decimal("0.75")
    edit(three[1], owner, image_provider="local", image_model="fine")
    plan = plan_generation(story, "image")
    assert [item.price for item in plan.items] == [Decimal(p) for p in ("0.25", "0.75", "0.25")]
    assert [tuple(item.maker) for item in plan.items] == [
        ("local", ""),
        ("local", "fine"),
        ("local", ""),
    ]
    assert plan.hash != plain.hash
    with pytest.raises(PlanChanged):
        start_generation(story.pk, "image", actor=owner, confirm_total=plain.total)
    start_generation(story.pk, "image", actor=owner, confirm_total=plan.total, plan_hash=plan.hash)
    run_due()
    called = ProviderCall.objects.filter(kind="image").values_list("item", "model")
    assert dict(called) == {
        three[0].key: "usual",
        three[1].key: "fine",
        three[2].key: "usual",
    }
    takes = Take.objects.filter(kind="image").values_list("scene", "model")
    assert dict(takes)[three[1].pk] == "fine"


@pytest.mark.moderate
def test_what_was_confirmed_is_made_though_the_scene_chooses_another_model(
    story, three, owner, local
):
    edit(three[0], owner, image_provider="local", image_model="fine")
    generate_scene(three[0].pk, "image", actor=owner, confirm_total=Decimal("0.75"))
    edit(three[0], owner, image_provider="", image_model="")
    run_due()
    assert ProviderCall.objects.get().model == "fine"


@pytest.mark.moderate
def test_a_person_may_ask_another_provider_for_one_take(story, three, owner, local, settings):
    keys(settings, "runway_ml")
    edit(three[0], owner, image_provider="runway_ml", image_model="gen4_image")
    assert prices(story)[0] == ("missing", Decimal("0.05"))
    generate_scene(
        three[0].pk, "image", actor=owner, provider="local", confirm_total=Decimal("0.25")
    )
    run_due()
    call = ProviderCall.objects.get()
    assert (call.provider_id, call.model) == ("local", "usual")


def test_the_seed_is_part_of_the_plan_but_makes_nothing_stale(story, three, owner, local):
    make_take(three[0])
    before = plan_generation(story, "image").hash
    edit(three[1], owner, seed=99)
    assert plan_generation(story, "image").hash != before
    edit(three[0], owner, seed=98)
    assert prices(story)[0] == ("done", Decimal(0))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"image_provider": "nobody"}, "image_provider"),
        ({"image_provider": "local", "image_model": "mover"}, "image_model"),
        ({"image_model": "fine"}, "image_provider"),
        ({"clip_provider": "local", "clip_model": "fine"}, "clip_model"),
        ({"strength": 101}, "strength"),
    ],
)
def test_a_choice_that_does_not_exist(story, three, owner, local, values, field):
    with pytest.raises(Invalid) as error:
        edit(three[0], owner, **values)
    assert error.value.field == field
    scene = Scene.objects.get(pk=three[0].pk)
    assert (scene.image_provider, scene.image_model, scene.clip_provider) == ("", "", "")


def test_a_model_that_is_switched_off_later_is_refused_by_name(story, three, owner, local):
    edit(three[0], owner, image_provider="local", image_model="fine")
    local.models.filter(name="fine").update(is_active=False)
    item = plan_generation(story, "image").items[0]
    assert item.state == "blocked"
    assert "fine" in str(item.why)
    with pytest.raises(GuardRefused):
        generate_scene(three[0].pk, "image", actor=owner)


def test_the_number_of_queries_does_not_depend_on_the_choices(
    story, three, owner, local, settings, django_assert_num_queries
):
    keys(settings, "runway_ml", "stability_ai")
    plan_generation(story, "image")  # compiles the queries that every plan makes
    edit(three[0], owner, image_provider="runway_ml", image_model="gen4_image")
    edit(three[1], owner, image_provider="stability_ai", text_en="a boat")
    edit(three[2], owner, image_provider="local", boundary=Boundary.CONTINUOUS)
    with django_assert_num_queries(7):
        assert [item.state for item in plan_generation(story, "image").items] == ["missing"] * 3
    scene = load_scenes(story)[0]
    with django_assert_num_queries(2):
        controls_of(story, scene)


def test_a_copy_and_a_half_have_the_same_makers(story, three, owner, local):
    edit(three[0], owner, image_provider="local", image_model="fine", narration="One. Two.")
    copy = scenes.duplicate(three[0].pk, actor=owner)
    _first, second = scene_splits.split(three[0].pk, actor=owner, at=5)
    assert {(one.image_provider, one.image_model) for one in (copy, second)} == {("local", "fine")}


# What a model does not use


def test_a_control_that_the_model_does_not_use_is_named_before_anything_is_paid(
    story, three, owner, settings
):
    keys(settings, "runway_ml", "stability_ai")
    edit(three[0], owner, image_provider="runway_ml", negative="crowds", strength=80)
    edit(three[1], owner, image_provider="stability_ai", text_en="a boat", negative="crowds")
    shown = [
        [str(warning) for warning in item.warnings]
        for item in plan_generation(story, "image").items
    ]
    assert shown == [
        [
            "Runway ML's model gen4_image does not use what to avoid; it is not sent.",
            UNUSED_STRENGTH,
        ],
        [],
        [],
    ]


def test_only_controls_that_the_models_use_are_offered(story, three, owner, settings):
    keys(settings, "runway_ml", "stability_ai")
    Story.objects.filter(pk=story.pk).update(
        image_provider="stability_ai", clip_provider="runway_ml"
    )
    story.refresh_from_db()
    edit(three[0], owner, image_provider="stability_ai", image_model="ultra")
    edit(three[1], owner, clip_provider="runway_ml", clip_model="veo3.1")
    scene = {one.pk: one for one in load_scenes(story)}
    first, second = (controls_of(story, scene[one.pk]) for one in three[:2])
    assert (first.used["strength"], second.used["strength"]) == (["image"], [])
    assert (first.used["negative"], second.used["negative"]) == (["image"], ["image", "clip"])
    assert (first.ends, second.ends) == (False, True)
    chosen = [one for one in second.choices["clip"] if one.is_chosen]
    assert [one.value for one in chosen] == ["runway_ml:veo3.1"]


def test_strength_makes_a_take_stale_only_where_it_was_used(story, three, owner, local):
    take = make_take(three[0])
    edit(three[0], owner, strength=40)
    scene = load_scenes(story)[0]
    assert not is_stale(story, scene, take)  # the local provider does not use it
    Take.objects.filter(pk=take.pk).update(provider="stability_ai", model="ultra")
    assert is_stale(story, scene, Take.objects.get(pk=take.pk))


@pytest.mark.parametrize("field", ["negative", "strength"])
def test_the_board_knows_what_made_a_take(story, three, owner, local, field):
    make_take(three[0], provider="local", model="usual")
    edit(Scene.objects.get(pk=three[0].pk), owner, **{field: {"negative": "fog"}.get(field, 5)})
    states = [
        plan_generation(story, "image", scenes=scenes, sound=False).items[0].state
        for scenes in (load_scenes(story), scene_rows(story))
    ]
    assert states == (["stale"] * 2 if field == "negative" else ["done"] * 2)


def test_queries_do_not_grow_with_scenes_that_were_made_with_other_controls(
    story, three, owner, local, django_assert_num_queries
):
    for scene in three:
        make_take(scene, provider="local", model="usual")
    for scene in three:
        edit(Scene.objects.get(pk=scene.pk), owner, strength=5)
        loaded, facts = load_scenes(story), JobFacts.of(story)
        with django_assert_num_queries(2):  # which fields the models use
            plan_generation(story, "image", scenes=loaded, facts=facts, sound=False)


# Continuous scenes


def clip_story(story, three, settings, model):
    keys(settings, "runway_ml")
    Story.objects.filter(pk=story.pk).update(clip_provider="runway_ml", status="previewing")
    story.refresh_from_db()
    for scene in three:
        make_take(scene)
        Scene.objects.filter(pk=scene.pk).update(
            clip_provider="runway_ml", clip_model=model, duration_seconds=6
        )


def clips(story, scenes=None):
    found = plan_generation(story, "clip", scenes=scenes, sound=False).items
    return [item.state for item in found]


def test_a_model_that_cannot_end_in_a_picture_is_refused_by_name(story, three, owner, settings):
    clip_story(story, three, settings, "gen4_turbo")
    edit(three[0], owner, boundary=Boundary.CONTINUOUS)
    edit(three[2], owner, boundary=Boundary.CONTINUOUS)  # the film ends here
    items = plan_generation(story, "clip", sound=False).items
    assert [item.state for item in items] == ["blocked", "missing", "missing"]
    assert "gen4_turbo" in str(items[0].why)
    edit(three[0], owner, clip_provider="runway_ml", clip_model="veo3.1")
    assert clips(story) == ["missing"] * 3


@pytest.mark.parametrize("rows", [False, True])
def test_the_next_scenes_picture_is_part_of_the_clip(story, three, owner, settings, rows):
    clip_story(story, three, settings, "veo3.1")
    edit(three[0], owner, boundary=Boundary.CONTINUOUS)

    def states() -> list[Any]:
        return clips(story, scene_rows(story) if rows else load_scenes(story))

    for scene in load_scenes(story):
        make_take(scene, "clip", provider="runway_ml", model="veo3.1")
    assert states() == ["done"] * 3
    other = make_take(Scene.objects.get(pk=three[1].pk))
    assert states() == ["stale", "stale", "done"]
    # The same picture again: both clips fit again.
    scenes_now = load_scenes(story)
    first = Take.objects.filter(scene=three[1], kind="image").exclude(pk=other.pk).get()
    Scene.objects.filter(pk=three[1].pk).update(image_take=first)
    assert states() == ["done"] * 3
    Scene.objects.filter(pk=three[1].pk).update(image_take=None)
    assert states()[0] == "blocked"
    edit(scenes_now[0], owner, boundary=Boundary.CUT)
    assert states()[0] == "stale"


def test_another_order_of_the_scenes_makes_a_continuous_clip_stale(story, three, owner, settings):
    clip_story(story, three, settings, "veo3.1")
    edit(three[0], owner, boundary=Boundary.CONTINUOUS)
    for scene in load_scenes(story):
        make_take(scene, "clip", provider="runway_ml", model="veo3.1")
    scenes.move(three[2].pk, actor=owner, position=2)
    assert clips(story) == ["stale", "done", "done"]


def test_the_picture_that_was_confirmed_is_what_the_clip_ends_with(story, three, owner, settings):
    clip_story(story, three, settings, "veo3.1")
    edit(three[0], owner, boundary=Boundary.CONTINUOUS)
    end = Scene.objects.get(pk=three[1].pk).image_take
    generate_scene(three[0].pk, "clip", actor=owner)
    asked = Job.objects.get(name="scene_render").data["parameters"]
    assert asked["end_take_id"] == str(end.pk)
    assert asked["maker"] == {"provider": "runway_ml", "model": "veo3.1"}


# The cast


def test_strength_is_kept_with_the_prompt(story, three, owner, local):
    member = cast.create_member(story.pk, actor=owner, name="Haru", description="a girl")
    cast.set_scene_cast(three[0].pk, actor=owner, appearances=[Appearance(first_look(member).pk)])
    edit(three[0], owner, strength=0)
    assert Scene.objects.get(pk=three[0].pk).prompt.strength == 0
    edit(three[0], owner, strength=None)
    assert Scene.objects.get(pk=three[0].pk).prompt.strength is None
