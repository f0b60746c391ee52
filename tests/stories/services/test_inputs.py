import pytest

from stories.enums import TakeKind, TakeSource
from stories.models import Scene, Take
from stories.services.fingerprints import (
    clip_request,
    frame_size,
    image_request,
    is_stale,
    picture_size,
)
from stories.services.scenes import edit
from tests.stories.factories import make_scene, make_story, make_take


@pytest.fixture
def scene(owner):
    scene = make_scene(make_story(owner), text="a boat at dawn", camera="push_in", seed=5)
    make_take(scene, TakeKind.IMAGE)
    make_take(scene, TakeKind.CLIP)
    return scene


def stale(scene):
    scene = Scene.objects.select_related("story", "prompt", "image_take", "clip_take").get(
        pk=scene.pk
    )
    return [
        kind
        for kind, take in (("image", scene.image_take), ("clip", scene.clip_take))
        if is_stale(scene.story, scene, take)
    ]


def test_nothing_changed(scene):
    assert stale(scene) == []


@pytest.mark.parametrize(
    ("change", "now_stale"),
    [
        ({"text": "a train at night"}, ["image", "clip"]),
        ({"negative": "people"}, ["image", "clip"]),
        ({"style": "ink"}, ["image", "clip"]),
        ({"camera": "pan_left"}, ["clip"]),
        ({"seed": 6}, []),
        ({"title": "Other", "narration": "Other words."}, []),
        ({"duration_seconds": 9}, ["clip"]),
        ({"duration_seconds": 5}, []),
    ],
)
def test_what_an_edit_makes_stale(scene, owner, change, now_stale):
    edit(scene.pk, actor=owner, **change)
    assert stale(scene) == now_stale


@pytest.mark.parametrize(("model", "now_stale"), [("gen4_turbo", []), ("veo3.1", ["clip"])])
def test_what_does_not_reach_the_provider_makes_no_take_stale(scene, owner, model, now_stale):
    Take.objects.filter(pk=scene.clip_take_id).update(provider="runway_ml", model=model)
    Take.objects.filter(pk=scene.image_take_id).update(provider="runway_ml", model="gen4_image")
    edit(scene.pk, actor=owner, negative="people")
    assert stale(scene) == now_stale


def test_editing_back_makes_it_fresh_again(scene, owner):
    edit(scene.pk, actor=owner, text="a train at night")
    edit(scene.pk, actor=owner, text="a boat at dawn")
    assert stale(scene) == []


def test_another_picture_makes_the_clip_stale(scene):
    make_take(scene, TakeKind.IMAGE, content=b"another picture")
    assert stale(scene) == ["clip"]


def test_position_is_not_content(scene, owner):
    other = make_scene(scene.story)
    from stories.services.scenes import move

    move(other.pk, actor=owner, position=1)
    assert stale(scene) == []


def test_an_upload_goes_stale_only_by_its_length(owner):
    scene = make_scene(make_story(owner))
    make_take(scene, TakeKind.CLIP, source=TakeSource.UPLOADED, input_hash="")
    edit(scene.pk, actor=owner, text="something else")
    assert stale_clip(scene) == []
    edit(scene.pk, actor=owner, duration_seconds=30)
    assert stale_clip(scene) == ["clip"]


def stale_clip(scene):
    scene = Scene.objects.select_related("story", "prompt", "clip_take", "image_take").get(
        pk=scene.pk
    )
    return ["clip"] if is_stale(scene.story, scene, scene.clip_take) else []


@pytest.mark.parametrize(
    ("aspect", "resolution", "frame", "picture"),
    [
        ("16:9", "720p", (1280, 720), (1600, 900)),
        ("9:16", "720p", (720, 1280), (900, 1600)),
        ("1:1", "1080p", (1080, 1080), (1350, 1350)),
        ("16:9", "1080p", (1920, 1080), (2400, 1350)),
    ],
)
def test_sizes(owner, aspect, resolution, frame, picture):
    story = make_story(owner, aspect_ratio=aspect, resolution=resolution)
    assert (frame_size(story), picture_size(story)) == (frame, picture)


def test_requests_carry_the_prompt_and_the_seed(scene):
    story = scene.story
    image = image_request(story, scene.prompt)
    assert (image.prompt, image.seed, image.aspect_ratio, image.width, image.height) == (
        "a boat at dawn",
        5,
        "16:9",
        1600,
        900,
    )
    clip = clip_request(story, scene, scene.prompt, scene.image_take, seed=9)
    assert (clip.seed, clip.duration_ms, clip.fps, clip.camera, clip.image_file) == (
        9,
        7000,
        24,
        "push_in",
        scene.image_take.file,
    )
