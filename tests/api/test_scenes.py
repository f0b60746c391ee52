"""Scenes and takes over the API."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from jobs.models import Job
from stories.api.inputs.scenes import SceneIn, ScenePatch
from stories.api.outputs.scenes import PromptOut, SceneOut
from stories.api.scenes import NAMES
from stories.enums import ReviewStatus, StoryStatus, TakeKind
from stories.models import Scene, Take
from stories.services.scene_values import PROMPT_FIELDS, SCENE_FIELDS
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

from .test_stories import stamp
from .world import upload


def test_scene_shows_its_prompt_and_chosen_takes(mine, world):
    scene = Scene.objects.select_related("prompt").get(pk=world.scenes[0].pk)
    answer = mine.ask("GET", f"scenes/{scene.pk}/").json()
    image = answer.pop("image")
    assert answer == {
        "id": str(scene.pk),
        "story_id": str(world.story.pk),
        "position": 1,
        "title": "Scene 1",
        "narration": "Line 1.",
        "cast": [],
        "duration_seconds": 7,
        "prompt": {
            "text": "a boat at dawn",
            "text_en": "",
            "english_outdated": False,
            "negative": "",
            "style": "",
            "camera": "push_in",
            "seed": 0,
            "strength": None,
        },
        "clip": None,
        "boundary": "cut",
        "image_provider": "",
        "image_model": "",
        "clip_provider": "",
        "clip_model": "",
        "assignee_id": None,
        "due_on": None,
        "deleted_at": None,
        "created_at": stamp(scene.created_at),
        "updated_at": stamp(scene.updated_at),
    }
    url = image.pop("url")
    assert image == {"id": str(world.take.pk), "verdict": "unreviewed", "stale": False}
    shown = mine.get(url.removeprefix("http://testserver"))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    shown.close()


def test_scenes_of_a_story_come_in_their_order_page_by_page(mine, world, owner):
    make_scene(make_story(owner, title="Other"))
    first = mine.ask("GET", f"scenes/?story={world.story.pk}&page_size=2").json()
    second = mine.ask(
        "GET", f"scenes/?story={world.story.pk}&page_size=2&cursor={first['next_cursor']}"
    ).json()
    assert [scene["position"] for scene in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next_cursor"] is None
    assert len(mine.ask("GET", "scenes/").json()["items"]) == 4


def test_deleted_scene_is_gone_and_the_others_close_up(mine, world):
    assert mine.ask("DELETE", f"scenes/{world.scenes[0].pk}/").status_code == 204
    assert mine.ask("GET", f"scenes/{world.scenes[0].pk}/").status_code == 404
    left = mine.ask("GET", f"scenes/?story={world.story.pk}").json()["items"]
    assert [(scene["id"], scene["position"]) for scene in left] == [
        (str(world.scenes[1].pk), 1),
        (str(world.scenes[2].pk), 2),
    ]
    world.story.refresh_from_db()
    assert world.story.duration_seconds == 14


def test_patch_of_the_prompt_makes_the_take_stale_and_keeps_it(mine, world):
    answer = mine.ask(
        "PATCH",
        f"scenes/{world.scenes[0].pk}/",
        {"prompt": "a boat at night", "duration_seconds": 9},
    ).json()
    assert (answer["prompt"]["text"], answer["duration_seconds"], answer["image"]["stale"]) == (
        "a boat at night",
        9,
        True,
    )
    world.take.refresh_from_db()
    assert world.take.prompt.text == "a boat at dawn"


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ({"position": 3}, [1, 2, 0]),
        ({"before": 0}, None),
        ({"before": 2}, [1, 0, 2]),
        ({"after": 2}, [1, 2, 0]),
        ({"position": 1}, [0, 1, 2]),
    ],
)
def test_reorder(mine, world, body, order):
    body = {
        key: str(world.scenes[value].pk) if key != "position" else value
        for key, value in body.items()
    }
    response = mine.ask("POST", f"scenes/{world.scenes[0].pk}/reorder/", body)
    if order is None:
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        return
    assert response.status_code == 200
    found = Scene.live.filter(story=world.story).order_by("position")
    assert [(scene.pk, scene.position) for scene in found] == [
        (world.scenes[n].pk, place) for place, n in enumerate(order, start=1)
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"position": 0},
        {"position": 1, "before": str(uuid.uuid4())},
        {"position": 4},
        {"place": 1},
    ],
)
def test_reorder_to_nowhere_is_422(mine, world, body):
    assert mine.ask("POST", f"scenes/{world.scenes[0].pk}/reorder/", body).status_code == 422


def test_bulk_appends_in_order(mine, world):
    scenes = [
        {
            "prompt": f"prompt {n}",
            "title": f"T{n}",
            "duration_seconds": n,
            "camera": "still",
            "seed": n,
        }
        for n in (1, 2)
    ]
    response = mine.ask(
        "POST", "scenes/bulk_create/", {"story_id": str(world.story.pk), "scenes": scenes}
    )
    assert response.status_code == 201
    assert [
        (scene["position"], scene["title"], scene["prompt"]["text"], scene["prompt"]["seed"])
        for scene in response.json()["items"]
    ] == [
        (4, "T1", "prompt 1", 1),
        (5, "T2", "prompt 2", 2),
    ]
    world.story.refresh_from_db()
    assert world.story.duration_seconds == 24


def test_bulk_replaces_and_the_old_ones_stay_behind(mine, world):
    response = mine.ask(
        "POST",
        "scenes/bulk_create/",
        {"story_id": str(world.story.pk), "mode": "replace", "scenes": [{"prompt": "one"}]},
    )
    assert [scene["position"] for scene in response.json()["items"]] == [1]
    assert (
        Scene.live.filter(story=world.story).count(),
        Scene.objects.filter(story=world.story).count(),
    ) == (1, 5)


@pytest.mark.moderate
def test_bulk_of_500_is_taken_and_501_is_not(mine, owner):
    story = make_story(owner)
    scenes = [{"prompt": "a", "duration_seconds": 1}] * 500
    too_many = mine.ask(
        "POST", "scenes/bulk_create/", {"story_id": str(story.pk), "scenes": [*scenes, scenes[0]]}
    )
    assert (too_many.status_code, too_many.json()["errors"]) == (
        422,
        [{"detail": "Give at most 500 entries.", "pointer": "/scenes"}],
    )
    assert (
        mine.ask(
            "POST", "scenes/bulk_create/", {"story_id": str(story.pk), "scenes": scenes}
        ).status_code
        == 201
    )
    assert Scene.live.filter(story=story).count() == 500


def test_bulk_with_wrong_scenes_writes_none_and_names_each(mine, world):
    scenes = [
        {"prompt": "fine"},
        {"prompt": ""},
        {"title": "no prompt"},
        {"prompt": "a", "camera": "shake", "more": 1},
    ]
    response = mine.ask(
        "POST", "scenes/bulk_create/", {"story_id": str(world.story.pk), "scenes": scenes}
    )
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [
        "/scenes/1/prompt",
        "/scenes/2/prompt",
        "/scenes/3/camera",
        "/scenes/3/more",
    ]
    assert Scene.live.count() == 3


def test_bulk_that_makes_the_film_too_long_writes_none(mine, world):
    response = mine.ask(
        "POST",
        "scenes/bulk_create/",
        {"story_id": str(world.story.pk), "scenes": [{"prompt": "a", "duration_seconds": 600}] * 6},
    )
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/scenes")
    assert Scene.live.count() == 3


def test_bulk_into_a_story_that_is_not_there_or_not_seen_is_404(api, mine, stranger, world):
    body = {"story_id": str(uuid.uuid4()), "scenes": [{"prompt": "a"}]}
    assert mine.ask("POST", "scenes/bulk_create/", body).status_code == 404
    assert (
        api.ask(
            "POST",
            "scenes/bulk_create/",
            {**body, "story_id": str(world.story.pk)},
            person=stranger,
        ).status_code
        == 404
    )


def test_generate_starts_a_job_with_seed_and_provider(mine, world):
    response = mine.ask(
        "POST",
        f"scenes/{world.scenes[0].pk}/generate/",
        {"kind": "image", "provider": "local", "seed": 7, "confirm_total": "0", "reason": "warmer"},
    )
    job = Job.objects.order_by("-created_at").first()
    assert (
        response.status_code,
        response.json()["price"],
        [job["id"] for job in response.json()["jobs"]],
    ) == (202, "0.0000", [job.pk])
    assert {key: job.data["parameters"][key] for key in ("provider", "seed", "reason")} == {
        "provider": "local",
        "seed": 7,
        "reason": "warmer",
    }


def test_generate_what_runs_already_is_409_and_a_clip_without_picture_too(mine, world):
    assert (
        mine.ask("POST", f"scenes/{world.scenes[1].pk}/generate/", {"kind": "image"}).status_code
        == 409
    )
    response = mine.ask("POST", f"scenes/{world.scenes[2].pk}/generate/", {"kind": "clip"})
    assert (response.status_code, response.json()["detail"]) == (409, "It needs a picture first.")


def test_takes_of_a_scene(mine, world):
    Take.objects.filter(pk=world.other_take.pk).update(
        created_at=timezone.now() + timedelta(seconds=1)
    )
    answer = mine.ask("GET", f"scenes/{world.scenes[0].pk}/takes/?kind=image").json()
    assert [(take["id"], take["chosen"]) for take in answer["items"]] == [
        (str(world.other_take.pk), False),
        (str(world.take.pk), True),
    ]
    shown = answer["items"][1]
    shown.pop("url")
    assert shown == {
        "id": str(world.take.pk),
        "scene_id": str(world.scenes[0].pk),
        "kind": "image",
        "source": "generated",
        "chosen": True,
        "stale": False,
        "mime": "image/png",
        "width": 1280,
        "height": 720,
        "duration_ms": 0,
        "has_sound": None,
        "doubts": [],
        "check": None,
        "edit": None,
        "edited_from": None,
        "crop": None,
        "notes": [],
        "provider": "local",
        "model": "",
        "seed": 0,
        "cost": "0.0000",
        "made_by": "",
        "reason": "",
        "verdict": "unreviewed",
        "verdict_reason": "",
        "created_at": stamp(world.take.created_at),
    }
    assert mine.ask("GET", f"scenes/{world.scenes[0].pk}/takes/?kind=clip").json()["items"] == []


def test_choose_and_judge(mine, world):
    answer = mine.ask("POST", f"takes/{world.other_take.pk}/choose/").json()
    assert answer["image"]["id"] == str(world.other_take.pk)
    rejected = mine.ask(
        "POST", f"takes/{world.take.pk}/verdict/", {"verdict": "rejected", "reason": "too dark"}
    ).json()
    assert (rejected["verdict"], rejected["verdict_reason"], rejected["chosen"]) == (
        "rejected",
        "too dark",
        False,
    )
    assert mine.ask("POST", f"takes/{world.take.pk}/choose/").status_code == 422
    assert (
        mine.ask("POST", f"takes/{world.take.pk}/verdict/", {"verdict": "rejected"}).json()[
            "errors"
        ][0]["pointer"]
        == "/reason"
    )


def test_uploaded_picture_is_written_anew_and_chosen(mine, world):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    sent = SimpleUploadedFile(
        "../../evil.svg",
        picture((200, 10, 10), (80, 40), form="JPEG", exif=exif) + b"<script>",
        content_type="image/svg+xml",
    )
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/", {"file": sent, "kind": "image", "reason": "mine"}
    )
    take = Take.objects.get(source="uploaded")
    assert (
        response.status_code,
        response.json()["id"],
        response.json()["mime"],
        response.json()["chosen"],
    ) == (201, str(take.pk), "image/jpeg", True)
    assert (take.width, take.height, take.made_by.username, take.reason, take.input_hash) == (
        80,
        40,
        "owner",
        "mine",
        "",
    )
    with storages["media"].open(take.file) as kept:
        stored = kept.read()
    assert b"secret" not in stored
    assert b"<script>" not in stored
    assert take.file == f"calls/{take.sha256[:2]}/{take.sha256}.jpg"


def test_upload_beside_an_approved_take_asks_what_becomes_of_it(mine, world):
    scene, address = world.scenes[0], f"scenes/{world.scenes[0].pk}/takes/"
    Take.objects.filter(pk=world.take.pk).update(review_status="approved")
    before = Take.objects.count()

    def send(**more):
        file = SimpleUploadedFile("a.png", picture((200, 10, 10), (80, 40)))
        return mine.send(address, {"file": file, "kind": "image", **more})

    asked = send()
    assert (asked.status_code, asked.json()["code"], asked.json()["take"]) == (
        409,
        "approved_take",
        str(world.take.pk),
    )
    assert send(replace="maybe").json()["errors"][0]["pointer"] == "/replace"
    assert Take.objects.count() == before
    beside = send(replace="false")
    assert (beside.status_code, beside.json()["chosen"]) == (201, False)
    scene.refresh_from_db()
    assert scene.image_take_id == world.take.pk
    instead = send(replace="true")
    assert (instead.status_code, instead.json()["chosen"]) == (201, True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b"not a picture"),
        ("a.png", b""),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
    ],
)
def test_file_that_is_no_picture_is_422_and_nothing_is_kept(mine, world, name, content):
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/",
        {"file": SimpleUploadedFile(name, content), "kind": "image"},
    )
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/file")
    assert Take.objects.count() == 2


@pytest.mark.parametrize(
    "content", [b"not a film", b"\0\0\0\x18ftypmp42" + b"\0" * 40, b"#EXTM3U\nfile:///etc/passwd"]
)
def test_file_that_is_no_film_is_422(mine, world, content):
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/",
        {"file": SimpleUploadedFile("a.mp4", content), "kind": "clip"},
    )
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/file")


def test_uploaded_clip_is_probed(mine, world, tmp_path):
    from media.ffmpeg import run

    film = tmp_path / "clip.mp4"
    run(
        [
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x36:rate=24:duration=1",
            "-pix_fmt",
            "yuv420p",
            "-f",
            "mp4",
        ],
        out=film,
        limit_seconds=30,
    )
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/",
        {"file": SimpleUploadedFile("clip.mp4", film.read_bytes()), "kind": "clip"},
    )
    take = Take.objects.get(kind=TakeKind.CLIP)
    assert response.status_code == 201
    assert (take.width, take.height, take.duration_ms, take.mime) == (64, 36, 1000, "video/mp4")
    assert Scene.objects.get(pk=world.scenes[0].pk).clip_take_id == take.pk


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (
            "image",
            "The file is not a picture that can be read: PNG, JPEG, WebP, AVIF, HEIC and GIF are.",
        ),
        ("clip", "The file is not a clip that can be read: MP4, MOV, WebM and Matroska (MKV) are."),
    ],
)
def test_upload_that_cannot_be_read_names_its_scene(mine, world, kind, why):
    scene = world.scenes[0]
    response = mine.send(
        f"scenes/{scene.pk}/takes/",
        {"file": SimpleUploadedFile("take.bin", b"no picture at all"), "kind": kind},
    )
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/file")
    assert (
        response.json()["errors"][0]["detail"]
        == f"Scene {scene.position}: the upload was not taken. {why}"
    )


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"kind": "image"}, "/file"),
        ({}, "/file"),
        ({"kind": "sound", "file": 1}, "/kind"),
        ({"kind": "image", "file": 1, "more": "x"}, "/more"),
    ],
)
def test_form_that_is_not_as_told_is_422(mine, world, form, pointer):
    form = {**form, **({"file": upload()} if "file" in form else {})}
    response = mine.send(f"scenes/{world.scenes[0].pk}/takes/", form)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_upload_sent_twice_with_one_key_is_one_take(mine, world):
    first, again = (
        mine.send(
            f"scenes/{world.scenes[0].pk}/takes/",
            {"file": upload(), "kind": "image"},
            headers={"Idempotency-Key": "u"},
        )
        for _ in range(2)
    )
    assert (first.status_code, again.content) == (201, first.content)
    assert Take.objects.filter(source="uploaded").count() == 1


def test_scenes_of_a_closed_story_are_409(mine, owner):
    story = make_story(owner, status=StoryStatus.RENDERING)
    scene = make_scene(story)
    take = make_take(scene)
    Take.objects.filter(pk=take.pk).update(review_status=ReviewStatus.UNREVIEWED)
    for method, path, body in (
        ("PATCH", f"scenes/{scene.pk}/", {"title": "x"}),
        ("DELETE", f"scenes/{scene.pk}/", None),
        ("POST", f"scenes/{scene.pk}/reorder/", {"position": 1}),
        ("POST", "scenes/bulk_create/", {"story_id": str(story.pk), "scenes": [{"prompt": "a"}]}),
    ):
        response = mine.ask(method, path, body)
        assert (response.status_code, response.json()["code"]) == (409, "guard_refused")
    assert (
        mine.send(f"scenes/{scene.pk}/takes/", {"file": upload(), "kind": "image"}).status_code
        == 409
    )


def test_a_take_of_another_format_tells_its_crop_and_takes_another(mine, world):
    scene = world.scenes[0]
    sent = mine.send(f"scenes/{scene.pk}/takes/", {"file": upload(), "kind": "image"}).json()
    story = scene.story
    assert (sent["crop"] is None) == (abs(sent["width"] / sent["height"] - 16 / 9) < 0.05)
    type(story).objects.filter(pk=story.pk).update(aspect_ratio="9:16")
    crop = mine.ask("GET", f"takes/{sent['id']}/").json()["crop"]
    assert (crop["x"], crop["y"], crop["chosen"]) == (0.5, 0.5, False)
    moved = mine.ask("POST", f"takes/{sent['id']}/crop/", {"x": 0, "y": 0}).json()["crop"]
    assert (moved["left"], moved["top"], moved["chosen"]) == (0, 0, True)
    for wrong in ({"x": 2}, {"x": "left"}, {"z": 1}):
        assert mine.ask("POST", f"takes/{sent['id']}/crop/", wrong).status_code == 422


@pytest.mark.parametrize("name", ["phone-mpo.jpg", "photo.heic"])
def test_what_telephones_send_is_a_take(mine, world, name):
    content = (Path(__file__).parents[1] / "media" / "data" / name).read_bytes()
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/",
        {"file": SimpleUploadedFile(name, content), "kind": "image"},
    )
    assert response.status_code == 201
    assert (response.json()["width"], response.json()["height"], response.json()["mime"]) == (
        1280,
        720,
        "image/jpeg",
    )


@pytest.mark.parametrize("name", ["audio-with-cover.m4a", "truncated-faststart.mp4", "photo.heic"])
def test_a_clip_that_is_none_or_not_whole_is_422(mine, world, name):
    content = (Path(__file__).parents[1] / "media" / "data" / name).read_bytes()
    response = mine.send(
        f"scenes/{world.scenes[0].pk}/takes/",
        {"file": SimpleUploadedFile(name, content), "kind": "clip"},
    )
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/file")
    assert not Take.objects.filter(kind=TakeKind.CLIP).exists()


@pytest.mark.parametrize("body", [SceneIn, ScenePatch])
def test_every_field_that_a_person_writes_is_written_over_the_api(body):
    # A reference picture is uploaded by a request of its own.
    fields = {*SCENE_FIELDS, *PROMPT_FIELDS} - {"reference_image"}
    assert fields <= {NAMES.get(name, name) for name in body.__struct_fields__}


def test_every_field_that_a_person_writes_is_read_over_the_api():
    assert {*SCENE_FIELDS} <= {*SceneOut.__struct_fields__}
    fields = {*PROMPT_FIELDS} - {"reference_image"}
    assert fields <= {NAMES.get(name, name) for name in PromptOut.__struct_fields__}
