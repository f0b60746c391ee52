"""What a model would leave out of a scene is said in the plan, by name and with the scene's price,
before anything is paid: for each kind of provider.
"""

import json
from decimal import Decimal

import pytest

from providers.backends.comfyui import workflow
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from stories.errors import GuardRefused
from stories.models import Look, Scene, SheetTake
from stories.services import cast, scenes
from stories.services.cast import Appearance
from stories.services.generation import generate_scene
from stories.services.plan import plan_generation
from tests.fakes import comfyui
from tests.stories.factories import first_look, make_scene, make_story

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.25")
ROLES = {"character": 9, "place": 9, "prop": 9, "style": 9, "total": 9}
WORKFLOW = workflow.read(json.dumps(comfyui.PICTURE).encode())
MAPPING = {"prompt": ["6.text"], "seed": ["3.seed"]}
COMFYUI = {"workflow": WORKFLOW, "map": MAPPING}


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", duration_seconds=14)


def sell(kind, *, references=None, **model):
    """A model of this kind of connection, at a price."""
    addresses = {
        "comfyui": "http://127.0.0.1:9",
        "bullmq": "redis://127.0.0.1:9/0",
        "openai_images": "https://images.example.com/v1",
    }
    config, _created = AIProviderConfig.objects.get_or_create(
        provider={"runway": "runway_ml", "stability": "stability_ai"}.get(kind, kind),
        defaults={"kind": kind, "name": f"Our {kind}", "base_url": addresses.get(kind, "")},
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(is_active=True)
    values = {"unit": "image", "price": PRICE, "capabilities": {"references": references or {}}}
    ratios = {"16:9": "1280:720"}
    ProviderModel.objects.create(
        provider=config, kind="image", name="m", **({"ratios": ratios} | values | model)
    )
    return config.provider


def one_scene(story, owner, provider, *, members=1, **values):
    scene = make_scene(story, text_en="a boat")
    appearances = []
    for name in ("Haru", "Jonas", "Mara", "Noa")[:members]:
        words = {"description": "a person", "description_en": "a person"}
        member = cast.create_member(story.pk, actor=owner, name=name, **words)
        look = first_look(member)
        sheet = SheetTake.objects.create(
            look=look,
            file=f"{name}.png",
            sha256=name[0] * 64,
            mime="image/png",
            width=64,
            height=64,
        )
        Look.objects.filter(pk=look.pk).update(sheet=sheet)
        appearances.append(Appearance(look.pk))
    cast.set_scene_cast(scene.pk, actor=owner, appearances=appearances)
    made = {"image_provider": provider, "image_model": "m"} | values
    scenes.edit(scene.pk, actor=owner, **made)
    return Scene.objects.get(pk=scene.pk)


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.LOOPBACK_PROVIDERS = True
    names = ("runway_ml", "stability_ai", "replicate", "openai_images")
    settings.PROVIDER_KEYS = dict.fromkeys(names, "key_" + "a" * 128)


NONE = (
    "{}'s model m takes no reference sheet of {}. Choose another model, or let the scene go "
    "without these sheets."
)
FEWER = (
    "{}'s model m takes {} reference sheets, and {} would be left out. Choose another model, or "
    "let the scene go without these sheets."
)
ULTRA = {"endpoint": "v2beta/stable-image/generate/ultra"}
V1 = {"endpoint": "v1/generation/sdxl/text-to-image", "ratios": {"16:9": "1344x768"}}
TWO = {"options": COMFYUI | {"map": MAPPING | {"references": ["10.image", "11.image"]}}}
IMAGES = {"input": {"references": "images"}}
ONE_IMAGE = {"options": IMAGES | {"one_reference": True}}


@pytest.mark.parametrize(
    ("kind", "references", "model", "members", "words"),
    [
        ("runway", {}, {}, 1, NONE.format("Runway", "Haru")),
        ("runway", ROLES | {"total": 3}, {}, 4, FEWER.format("Runway", 3, "Noa")),
        ("replicate", {}, {}, 2, NONE.format("Replicate", "Haru, Jonas")),
        ("replicate", ROLES, {}, 1, NONE.format("Replicate", "Haru")),
        ("replicate", ROLES, ONE_IMAGE, 3, FEWER.format("Replicate", 1, "Jonas, Mara")),
        ("stability", {}, ULTRA, 1, NONE.format("Stability AI", "Haru")),
        ("stability", ROLES, ULTRA, 2, FEWER.format("Stability AI", 1, "Jonas")),
        ("stability", ROLES, V1, 1, NONE.format("Stability AI", "Haru")),
        ("comfyui", ROLES, {"options": COMFYUI}, 1, NONE.format("Our comfyui", "Haru")),
        ("comfyui", ROLES, TWO, 3, FEWER.format("Our comfyui", 2, "Mara")),
        ("bullmq", {}, {}, 1, NONE.format("Our bullmq", "Haru")),
        ("bullmq", {"character": 1}, {}, 2, FEWER.format("Our bullmq", 1, "Jonas")),
        ("openai_images", ROLES, {}, 1, NONE.format("Our openai_images", "Haru")),
    ],
)
def test_sheet_that_would_be_left_out(story, owner, kind, references, model, members, words):
    provider = sell(kind, references=references, **model)
    scene = one_scene(story, owner, provider, members=members)
    plan = plan_generation(story, "image", sound=False)
    (item,) = plan.items
    assert (str(item.why), item.state, plan.total) == (words, "blocked", Decimal(0))
    with pytest.raises(GuardRefused):
        generate_scene(scene.pk, "image", actor=owner)
    assert not ProviderCall.objects.exists()
    bare = [Appearance(row.look_id, with_sheet=False) for row in scene.cast.all()]
    cast.set_scene_cast(scene.pk, actor=owner, appearances=bare)
    (item,) = plan_generation(story, "image", sound=False).items
    assert (item.state, item.price, item.warnings) == ("missing", PRICE, ())


AVOID = "{}'s model m does not use what to avoid; it is not sent."
CLOSELY = "{}'s model m does not use how closely the sheets are followed; it is not sent."
NOT_ENGLISH = (
    "Stability AI understands English only: what to avoid is not in English, and it is not sent."
)
OPTIONS = {"options": COMFYUI}
AVOIDS = {"options": COMFYUI | {"map": MAPPING | {"negative": ["7.text"]}}}
BOTH = {"options": {"input": {"negative": "avoid", "strength": "strength"}}}


@pytest.mark.parametrize(
    ("kind", "model", "negative", "words"),
    [
        ("runway", {}, "fog", [AVOID.format("Runway ML"), CLOSELY.format("Runway ML")]),
        ("replicate", {}, "fog", [AVOID.format("Replicate"), CLOSELY.format("Replicate")]),
        ("replicate", BOTH, "fog", []),
        ("stability", ULTRA, "fog", [CLOSELY.format("Stability AI")]),
        ("stability", ULTRA, "안개", [CLOSELY.format("Stability AI"), NOT_ENGLISH]),
        ("comfyui", OPTIONS, "fog", [AVOID.format("Our comfyui"), CLOSELY.format("Our comfyui")]),
        ("comfyui", AVOIDS, "fog", [CLOSELY.format("Our comfyui")]),
        ("bullmq", {}, "fog", []),
        ("openai_images", {}, "fog", [AVOID.format("Our openai_images"),
                                      CLOSELY.format("Our openai_images")]),
        ("local", {}, "fog", [CLOSELY.format("Local")]),
    ],
)  # fmt: skip
def test_control_that_is_not_used(story, owner, kind, model, negative, words):
    provider = sell(kind, **model)
    one_scene(story, owner, provider, members=0, negative=negative, strength=40)
    (item,) = plan_generation(story, "image", sound=False).items
    assert (item.state, item.price) == ("missing", PRICE), str(item.why)
    warned = [str(warning) for warning in item.warnings]
    local = AIProviderConfig.objects.get(provider="local").name
    assert warned == [one.replace("Local's", f"{local}'s") for one in words]
    assert not ProviderCall.objects.exists()


def test_local_provider_says_who_and_what_it_does_not_draw(story, owner):
    scene = one_scene(story, owner, "local", members=4, image_model="")
    member = cast.create_member(story.pk, actor=owner, name="Harbour", kind="place")
    look = first_look(member)
    sheet = SheetTake.objects.create(
        look=look, file="h.png", sha256="h" * 64, mime="image/png", width=64, height=64
    )
    Look.objects.filter(pk=look.pk).update(sheet=sheet)
    appearances = [Appearance(row.look_id) for row in scene.cast.order_by("id")]
    cast.set_scene_cast(scene.pk, actor=owner, appearances=[*appearances, Appearance(look.pk)])
    (item,) = plan_generation(story, "image", sound=False).items
    assert item.state == "missing"
    by_words = (
        "The local provider draws places, props and styles from their descriptions: it does not "
        "use the reference sheets of Harbour."
    )
    assert [str(warning) for warning in item.warnings] == [
        "The local provider draws at most 3 characters: Noa will be missing.",
        by_words,
    ]
    # Three characters and a place without a sheet are drawn as they are described.
    cast.set_scene_cast(
        scene.pk, actor=owner, appearances=[*appearances[:3], Appearance(look.pk, with_sheet=False)]
    )
    (item,) = plan_generation(story, "image", sound=False).items
    assert item.warnings == ()


@pytest.mark.parametrize(
    ("of_scene", "of_story", "is_warned"),
    [("수채화", "", True), ("", "수채화", True), ("watercolour", "수채화", False), ("", "", False)],
)
def test_style_that_stability_does_not_understand(story, owner, of_scene, of_story, is_warned):
    provider = sell("stability", **ULTRA)
    story.style = of_story
    story.save(update_fields=["style"])
    one_scene(story, owner, provider, members=0, style=of_scene)
    (item,) = plan_generation(story, "image", sound=False).items
    words = (
        "Stability AI understands English only: the style is not in English, and it is not sent."
    )
    assert [str(warning) for warning in item.warnings] == ([words] if is_warned else [])
