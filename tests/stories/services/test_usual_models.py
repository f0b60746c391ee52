"""The usual models of a project: stories begin with them, and their plans follow."""

from decimal import Decimal

import pytest

from providers.models import AIProviderConfig
from stories.errors import Invalid
from stories.handlers import present_requests
from stories.models import Project, Voice
from stories.services import cast, planning, projects, sound, stories
from stories.services.makers import Maker
from stories.services.plan import plan_generation
from stories.services.sheet_generation import generate_sheet
from stories.services.sheets import plan_sheets
from stories.services.sound_plan import plan_sound
from tests.stories.factories import first_look, make_scene

pytestmark = pytest.mark.django_db

KINDS = {
    "planner": ("text", "call"),
    "image": ("image", "image"),
    "clip": ("clip", "second"),
    "speech": ("speech", "call"),
    "music": ("music", "call"),
}


@pytest.fixture
def sold(paid):
    """The paid provider sells a usual and a fine model of everything."""
    AIProviderConfig.objects.filter(pk=paid.pk).update(cost_per_text_call=Decimal("0.01"))
    paid.models.all().delete()
    for kind, unit in KINDS.values():
        for name, price in (("usual", "0.10"), ("fine", "0.70")):
            paid.models.create(
                kind=kind,
                name=f"{name}-{kind}",
                price=Decimal(price),
                unit=unit,
                is_default=name == "usual",
            )
    return paid


@pytest.fixture
def project(sold):
    values = {f"{name}_model": f"fine-{kind}" for name, (kind, _unit) in KINDS.items()}
    values |= {f"{name}_provider": "paid" for name in KINDS}
    return Project.objects.create(name="Harbour", code="HARBOUR", is_open=True, **values)


def begin(owner, project, **values):
    return stories.create(owner=owner, project=project, title="Dawn", sound=True, **values)


def test_story_begins_with_the_usual_models_and_its_plans_follow(owner, project):
    story = begin(owner, project, script="A boat leaves.")
    assert planning.plan_request(story).model == "fine-text"
    assert planning.planning_price(story) == Decimal("0.70")
    make_scene(story, narration="A boat leaves.")
    plan = plan_generation(story, "image", sound=True)
    assert [item.maker for item in plan.items] == [Maker("paid", "fine-image")]
    assert [(item.kind, item.request.model, item.price) for item in plan.sound_todo] == [
        ("speech", "fine-speech", Decimal("0.70")),
        ("music", "fine-music", Decimal("0.70")),
    ]
    assert plan.total == Decimal("2.10")
    (clip,) = plan_generation(story, "clip", sound=False).items
    assert clip.maker == Maker("paid", "fine-clip")


def test_another_model_makes_another_plan(owner, project):
    story = begin(owner, project)
    make_scene(story)
    before = plan_generation(story, "image", sound=False)
    stories.edit(story.pk, actor=owner, image_model="usual-image")
    story.refresh_from_db()
    after = plan_generation(story, "image", sound=False)
    assert (before.total, after.total) == (Decimal("0.70"), Decimal("0.10"))
    assert before.hash != after.hash


@pytest.fixture
def look(owner, project):
    story = begin(owner, project)
    about = {"description": "a girl in a red coat"}
    return first_look(cast.create_member(story.pk, actor=owner, name="Haru", **about))


def test_reference_sheets_are_made_with_the_usual_model(owner, look):
    story = look.member.story
    (own,) = plan_sheets(story, [look])
    (same,) = plan_sheets(story, [look], provider="paid")
    (other,) = plan_sheets(story, [look], provider="local")
    assert [(plan.provider, plan.request.model, plan.price) for plan in (own, same, other)] == [
        ("paid", "fine-image", Decimal("0.70")),
        ("paid", "fine-image", Decimal("0.70")),
        ("local", "", Decimal(0)),
    ]


def test_sheet_that_was_confirmed_keeps_its_model(owner, look):
    (job,) = generate_sheet(look.pk, actor=owner, confirm_total=Decimal("0.70")).jobs
    stories.edit(look.member.story_id, actor=owner, image_model="usual-image")
    assert present_requests.of_sheet(job).request.model == "fine-image"


def test_model_that_is_withdrawn_blocks_reference_sheets(look, sold):
    sold.models.filter(name__startswith="fine").update(is_active=False)
    (plan,) = plan_sheets(look.member.story, [look])
    assert (plan.state, plan.price) == ("blocked", None)


def test_another_provider_is_not_asked_for_the_model_of_the_one_before(owner, project):
    own = begin(owner, project, image_provider="local")
    assert (own.image_provider, own.image_model, own.clip_model) == ("local", "", "fine-clip")
    same = begin(owner, project, image_provider="paid")
    assert same.image_model == "fine-image"
    changed = stories.edit(same.pk, actor=owner, image_provider="local")
    assert (changed.image_provider, changed.image_model) == ("local", "")
    changed = sound.change_settings(same.pk, actor=owner, music_provider="local")
    assert (changed.music_provider, changed.music_model) == ("local", "")
    voice = sound.set_voice(same.pk, actor=owner, provider="local")
    assert (voice.version, voice.provider, voice.model) == (2, "local", "")


def test_a_silent_story_begins_without_usual_sound(owner, project):
    story = stories.create(owner=owner, project=project, title="Dawn")
    assert not Voice.objects.filter(story=story).exists()
    assert plan_sound(story).items == ()


@pytest.mark.parametrize("name", KINDS)
def test_model_must_be_one_of_its_provider(owner, project, name):
    setattr(project, f"{name}_model", "of-another")
    with pytest.raises(Invalid, match="of-another") as refused:
        projects.require_usual_providers(project)
    assert refused.value.field == f"{name}_model"
    setattr(project, f"{name}_provider", "")
    with pytest.raises(Invalid, match="provider of this model"):
        projects.require_usual_providers(project)


@pytest.mark.parametrize("name", ["planner", "image", "clip"])
def test_story_takes_only_models_of_its_provider(owner, project, name):
    story = begin(owner, project)
    with pytest.raises(Invalid, match="of-another") as refused:
        stories.edit(story.pk, actor=owner, **{f"{name}_model": "of-another"})
    assert refused.value.field == f"{name}_model"
    with pytest.raises(Invalid, match="of-another"):
        sound.change_settings(story.pk, actor=owner, music_model="of-another")


def test_model_that_is_withdrawn_holds_up_no_new_story(owner, project, sold):
    sold.models.filter(name__startswith="fine").update(is_active=False)
    story = begin(owner, project)
    assert (story.image_provider, story.image_model) == ("paid", "")
    voice = Voice.objects.get(story=story)
    assert (voice.provider, voice.model) == ("paid", "")
    projects.require_usual_providers(project)  # unchanged, so it may stay


def test_withdrawn_model_of_a_story_blocks_its_plan(owner, project, sold):
    """Another model is never called in its place."""
    story = begin(owner, project)
    make_scene(story)
    sold.models.filter(name__startswith="fine").update(is_active=False)
    plan = plan_generation(story, "image", sound=True)
    assert [item.state for item in plan.items] == ["blocked"]
    assert [item.state for item in plan.sound.items if item.kind == "music"] == ["blocked"]
