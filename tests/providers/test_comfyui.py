"""ComfyUI, before its fake: workflows as models, and a queue that a restart forgets."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from providers.backends.comfyui import workflow
from providers.calls import Pending
from providers.enums import Kind
from providers.errors import Forbidden, Invalid, NoPrice, Refused
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.preflight import UsedFields, why_not
from providers.registry import adapter_for
from providers.requests import CastReference, ClipRequest, ImageRequest
from providers.services import unclear_calls, workflows
from providers.services.workflows import Upload
from tests.fakes import comfyui
from tests.fakes.comfyui import ComfyUI
from tests.providers.conftest import Clock
from tests.providers.connected import connect_comfyui
from tests.providers.real import CLIP, IMAGE, Real, put_picture

PICTURE = json.dumps(comfyui.PICTURE).encode()
FILM = json.dumps(comfyui.CLIP).encode()


@pytest.fixture
def gpu(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    put_picture()
    with ComfyUI() as fake:
        connect_comfyui(fake, admin_user)
        yield Real("gpu-1", fake, clock)


@pytest.fixture
def second(gpu: Real, admin_user: User, clock: Clock) -> Iterator[Real]:
    with ComfyUI() as fake:
        connect_comfyui(fake, admin_user, "gpu-2")
        yield Real("gpu-2", fake, clock)


def sent(gpu: Real) -> dict[str, Any]:
    found: dict[str, Any] = gpu.fake.orders[-1].json
    return found


# --- what is sent, and what it becomes


def test_picture(gpu: Real) -> None:
    call = gpu.finish(IMAGE)
    assert (call.state, call.cost, call.task_id) == ("settled", Decimal(0), str(call.pk))
    assert call.model.startswith("our image-")
    body = sent(gpu)
    assert body["prompt_id"] == str(call.pk)
    nodes = body["prompt"]
    assert nodes["6"]["inputs"]["text"] == "a lighthouse at the sea by night. watercolour"
    assert nodes["7"]["inputs"]["text"] == ""
    assert nodes["3"]["inputs"]["seed"] == 7
    assert (nodes["5"]["inputs"]["width"], nodes["5"]["inputs"]["height"]) == (1280, 720)
    unchanged = [number for number in nodes if nodes[number] == comfyui.PICTURE[number]]
    assert unchanged == ["4", "8", "9"]


def test_clip_from_a_picture_has_the_frames_that_the_model_can_make(gpu: Real) -> None:
    call = gpu.finish(CLIP)
    assert (call.state, call.units) == ("settled", Decimal(4))
    nodes = sent(gpu)["prompt"]
    assert nodes["2"]["inputs"]["text"].endswith("Camera: slow dolly in.")
    assert nodes["4"]["inputs"]["length"] == 97  # 4 s × 24 is 96: one and a multiple of four
    assert nodes["6"]["inputs"]["fps"] == 24
    name = nodes["3"]["inputs"]["image"]
    assert name.startswith("videoplanet-")
    assert gpu.fake.inputs[name][:4] == b"\x89PNG"  # type: ignore[attr-defined]


def test_workflow_with_frames_of_its_own_speed(gpu: Real, admin_user: User) -> None:
    mapping, output = workflow.suggested(comfyui.CLIP)
    del mapping["fps"]
    upload = Upload("slow", "clip", FILM, output, mapping, fps=16, frame_step=4)
    workflows.add(gpu.config, upload, actor=admin_user)
    gpu.finish(CLIP)
    nodes = sent(gpu)["prompt"]
    assert (nodes["4"]["inputs"]["length"], nodes["6"]["inputs"]["fps"]) == (65, 16)


def test_price_of_a_second_is_charged_against_the_budget(gpu: Real, admin_user: User) -> None:
    mapping, output = workflow.suggested(comfyui.CLIP)
    upload = Upload("our clip", "clip", FILM, output, mapping, price=Decimal("0.02"))
    workflows.add(gpu.config, upload, actor=admin_user)
    call = gpu.finish(CLIP)
    assert (call.state, call.estimate, call.cost) == ("settled", Decimal("0.08"), Decimal("0.08"))


def test_only_mapped_fields_make_a_take_stale(gpu: Real) -> None:
    row = gpu.config.models.get(kind="clip")
    used = UsedFields().of("gpu-1", "clip", row.name)
    assert {"prompt", "image_file", "camera", "duration_ms", "fps", "width"} <= used
    assert "seed" not in used
    assert "negative" not in used


def test_reference_sheets_go_into_their_inputs_and_no_further(gpu: Real, admin_user: User) -> None:
    graph = json.loads(PICTURE)
    for number in ("20", "21"):
        graph[number] = {"class_type": "LoadImage", "inputs": {"image": "example.png"}}
    mapping, output = workflow.suggested(graph)
    mapping["references"] = [*mapping.pop("image"), *mapping["references"]]
    assert mapping["references"] == ["20.image", "21.image"]
    upload = Upload("cast", "image", json.dumps(graph).encode(), output, mapping)
    row = workflows.add(gpu.config, upload, actor=admin_user)
    assert row.capabilities["references"]["total"] == 2
    sheet = CastReference(role="character", name="Mina", description_en="a girl", file="scene.png")
    assert gpu.finish(ImageRequest(prompt="sea", cast=[sheet]), "one").state == "settled"
    nodes = sent(gpu)["prompt"]
    assert nodes["20"]["inputs"]["image"].startswith("videoplanet-")
    assert nodes["21"]["inputs"]["image"] == "example.png"
    reason = why_not(gpu.config, ImageRequest(prompt="sea", cast=[sheet] * 3))
    assert "takes 2 reference sheets, and Mina would be left out" in str(reason)


# --- outcomes


@pytest.mark.parametrize(
    ("scenario", "state", "refusal", "cost", "runs"),
    [
        ("oom", "refused", "memory", "0", 0),
        ("failed", "refused", "failed", "0", 0),
        ("interrupted", "refused", "cancelled", "0", 0),
        ("http_401", "refused", "key", "0", 0),
        ("http_400", "refused", "invalid", "0", 0),
        ("redirect", "refused", "invalid", "0", 0),
        ("http_500", "unclear", "", "", 0),
        ("drop_before", "unclear", "", "", 0),
        ("no_output", "refused", "failed", "0", 1),
    ],
)
def test_outcome(scenario: str, state: str, refusal: str, cost: str, runs: int, gpu: Real) -> None:
    gpu.expect(scenario)
    call = gpu.finish(IMAGE)
    wanted = Decimal(cost) if cost else None
    assert (call.state, call.refusal, call.cost) == (state, refusal, wanted)
    assert gpu.fake.paid == runs
    assert max(gpu.fake.posts.values()) == 1


@pytest.mark.parametrize("scenario", ["drop", "half", "garbage", "done_http_500", "slow"])
def test_lost_answer_is_found_by_the_id_of_the_call(scenario: str, gpu: Real) -> None:
    gpu.expect(scenario)
    call = gpu.finish(IMAGE)
    assert (call.state, gpu.fake.paid, sum(gpu.fake.posts.values())) == ("settled", 1, 1)


def test_too_little_memory_is_said_with_what_to_do(gpu: Real) -> None:
    gpu.fake.expect("oom", times=1)
    words = str(gpu.finish(IMAGE).note)
    assert words.startswith("The graphics card of Studio gpu-1 has too little memory for this")
    assert words.endswith(
        "KSampler: Allocation on device 0 would exceed allowed memory. (out of memory)"
    )


def test_refused_workflow_names_the_node(gpu: Real) -> None:
    del gpu.fake.nodes["KSampler"]  # type: ignore[attr-defined]
    call = gpu.finish(IMAGE)
    assert (call.state, call.refusal) == ("refused", "invalid")
    assert "Node 'KSampler' not found" in str(call.note)


def test_workflow_that_runs_without_its_output_is_refused_and_stopped(gpu: Real) -> None:
    """A server runs what it can of a workflow, and names what it leaves out."""
    gpu.fake.expect("partly", times=1)
    call = gpu.finish(IMAGE)
    assert (call.state, call.refusal, call.cost) == ("refused", "invalid", Decimal(0))
    assert str(call.note).endswith("Required input is missing: height (EmptyLatentImage 5)")
    assert not gpu.fake.waiting  # type: ignore[attr-defined]
    assert gpu.fake.paid == 0


def test_job_lost_in_a_restart_is_unclear_and_not_sent_again(gpu: Real) -> None:
    call = gpu.go(IMAGE).call
    assert call.state == "accepted"
    gpu.fake.restart()  # type: ignore[attr-defined]
    call = gpu.finish(IMAGE)
    assert (call.state, call.cost) == ("unclear", None)
    assert "does not know the job any more, as after a restart" in str(call.note)
    assert gpu.finish(IMAGE).pk == call.pk
    assert sum(gpu.fake.posts.values()) == 1
    assert unclear_calls.candidates(call) == []


def test_done_before_the_restart_is_fetched_from_the_history(gpu: Real) -> None:
    gpu.go(IMAGE)
    gpu.fake.polls = 1  # type: ignore[attr-defined]
    assert gpu.finish(IMAGE).state == "settled"


def test_lost_job_is_offered_to_the_person_who_decides(gpu: Real, admin_user: User) -> None:
    gpu.fake.expect("http_500", times=1)
    call = gpu.finish(IMAGE)
    assert call.state == "unclear"
    # The server queued it after all, later than it was asked.
    body = sent(gpu)
    gpu.fake.prompt(gpu.fake.orders[-1])  # type: ignore[attr-defined]
    found = unclear_calls.candidates(call)
    assert [(one.task_id, one.status, one.matches) for one in found] == [
        (body["prompt_id"], "waiting", True)
    ]
    unclear_calls.attach_task(call, actor=admin_user, reason="seen", task_id=found[0].task_id)
    assert gpu.finish(IMAGE).state == "settled"
    assert gpu.fake.paid == 1


def test_render_of_days_does_not_time_out(gpu: Real, clock: Clock) -> None:
    gpu.fake.expect("stuck", times=1)
    gpu.go(IMAGE)
    for _ in range(4):
        clock.forward(days=1, hours=12)
        answer = gpu.go(IMAGE)
        assert isinstance(answer, Pending)
    clock.ahead += timedelta(days=2)
    assert gpu.finish(IMAGE).state == "unclear"
    assert sum(gpu.fake.posts.values()) == 1


def test_jobs_wait_in_the_servers_own_queue(gpu: Real) -> None:
    gpu.fake.expect("stuck", times=1)
    gpu.go(IMAGE, "a")
    gpu.go(ImageRequest(prompt="sea", seed=2), "b")
    answer = gpu.go(ImageRequest(prompt="sea", seed=2), "b")
    assert isinstance(answer, Pending)
    answer = gpu.go(ImageRequest(prompt="sea", seed=2), "b")
    assert isinstance(answer, Pending)
    assert str(answer.note) == "It waits in the provider's own queue."


def test_odd_answer_about_a_job_is_asked_again(gpu: Real) -> None:
    call = gpu.go(IMAGE).call
    gpu.fake.expect("html", times=1)
    assert isinstance(gpu.go(IMAGE), Pending)
    gpu.fake.calm()
    assert gpu.finish(IMAGE).pk == call.pk
    assert gpu.fake.paid == 1


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("polled", [0, 1])
@pytest.mark.moderate
def test_cancelling_stops_this_job_only(*, older: bool, polled: int, gpu: Real) -> None:
    gpu.fake.older = older  # type: ignore[attr-defined]
    gpu.fake.polls = 5  # type: ignore[attr-defined]
    first = gpu.go(IMAGE, "a").call
    second = gpu.go(ImageRequest(prompt="sea", seed=2), "b").call
    for _ in range(polled):
        gpu.fake.history(gpu.fake.orders[0], first.task_id)  # type: ignore[attr-defined]
    assert adapter_for(gpu.config).cancel(second.task_id) is True
    assert adapter_for(gpu.config).cancel(str(gpu.config.pk)) is False
    assert gpu.finish(IMAGE, "a").state == "settled"
    assert gpu.fake.paid == 1


def test_upload_that_fails_sends_nothing(gpu: Real) -> None:
    gpu.fake.expect("no_upload", times=1)
    with pytest.raises(Refused) as refused:
        gpu.go(CLIP)
    assert (refused.value.kind, gpu.fake.orders) == ("unreachable", [])
    assert gpu.finish(CLIP).state == "settled"


def test_output_is_fetched_from_the_server_alone(gpu: Real) -> None:
    call = gpu.finish(IMAGE)
    views = [asked for asked in gpu.fake.asked if asked.path == "/view"]
    assert len(views) == 1
    assert call.result is not None
    assert call.result["file"]


# --- two servers


@pytest.mark.slow
def test_two_servers_share_a_film_and_each_scene_is_made_once(gpu: Real, second: Real) -> None:
    servers = (gpu, second)
    requests = [ImageRequest(prompt=f"scene {n}", seed=n) for n in range(20)]
    for n, request in enumerate(requests):
        servers[n % 2].go(request, f"scene-{n}")
    # Killed with ten jobs in its queue.
    second.fake.restart()  # type: ignore[attr-defined]
    calls = [servers[n % 2].finish(request, f"scene-{n}") for n, request in enumerate(requests)]
    assert [call.state for call in calls] == ["settled", "unclear"] * 10
    assert (gpu.fake.paid, second.fake.paid) == (10, 0)
    assert len(gpu.fake.orders) == len(second.fake.orders) == 10
    assert ProviderCall.objects.count() == 20


def test_dead_server_refuses_and_the_other_works(gpu: Real, second: Real) -> None:
    AIProviderConfig.objects.filter(provider="gpu-2").update(base_url="http://127.0.0.1:9")
    dead = second.finish(IMAGE, "b")
    assert (dead.state, dead.refusal) == ("refused", "unreachable")
    assert gpu.finish(IMAGE, "a").state == "settled"


# --- workflows


def test_suggestion_of_where_values_go() -> None:
    assert workflow.suggested(comfyui.PICTURE) == (
        {
            "prompt": ["6.text"],
            "negative": ["7.text"],
            "seed": ["3.seed"],
            "width": ["5.width"],
            "height": ["5.height"],
        },
        "9",
    )
    assert workflow.suggested(comfyui.CLIP) == (
        {
            "prompt": ["2.text"],
            "width": ["4.width"],
            "height": ["4.height"],
            "frames": ["4.length"],
            "fps": ["6.fps"],
            "image": ["3.image"],
        },
        "7",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1]", "not a workflow in the API format"),
        (b"{}", "not a workflow in the API format"),
        (b'{"nodes": [], "links": []}', "not a workflow in the API format"),
        (b'{"1": {"class_type": "A"}}', "not a workflow in the API format"),
        (b'{"1": {"class_type": 5, "inputs": {}}}', "not a workflow in the API format"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (1024 * 1024 + 1), "larger than 1 MB"),
        (
            json.dumps({str(n): {"class_type": "A", "inputs": {}} for n in range(501)}).encode(),
            "more than 500 nodes",
        ),
    ],
)
def test_files_that_are_no_workflow(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        workflow.read(content)


def test_workflow_as_it_is_sent_to_the_server_is_read_too() -> None:
    wrapped = b"\xef\xbb\xbf" + json.dumps({"prompt": comfyui.PICTURE, "client_id": "x"}).encode()
    assert workflow.read(wrapped) == comfyui.PICTURE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mapping": {}}, "map_prompt"),
        ({"mapping": {"prompt": ["6.words"]}}, "map_prompt"),
        ({"mapping": {"prompt": ["99.text"]}}, "map_prompt"),
        ({"mapping": {"prompt": ["6"]}}, "map_prompt"),
        ({"mapping": {"prompt": ["6.text"], "seed": ["3.steps_"]}}, "map_seed"),
        ({"mapping": {"prompt": ["6.text"], "tempo": ["3.seed"]}}, "map"),
        ({"output": "99"}, "output"),
        ({"name": " "}, "name"),
        ({"kind": "speech"}, "kind"),
        ({"price": Decimal(-1)}, "price"),
        ({"fps": 500}, "fps"),
        ({"longest": 601}, "longest"),
        ({"content": b"x"}, "workflow"),
    ],
)
def test_uploads_that_cannot_be(changes: dict[str, Any], field: str, gpu: Real) -> None:
    values = {
        "name": "w",
        "kind": "image",
        "content": PICTURE,
        "output": "9",
        "mapping": {"prompt": ["6.text"]},
    }
    before = ProviderModel.objects.count()
    with pytest.raises(Invalid) as error:
        workflows.add(
            gpu.config, Upload(**(values | changes)), actor=User.objects.get(username="admin")
        )
    assert error.value.field == field
    assert ProviderModel.objects.count() == before


def test_changed_workflow_is_another_model_and_the_same_one_is_not(
    gpu: Real, admin_user: User
) -> None:
    old = gpu.config.models.get(kind="image")
    mapping, output = workflow.suggested(comfyui.PICTURE)
    again = workflows.add(
        gpu.config, Upload("our image", "image", PICTURE, output, mapping), actor=admin_user
    )
    assert again.pk == old.pk
    changed = json.loads(PICTURE)
    changed["3"]["inputs"]["steps"] = 30
    new = workflows.add(
        gpu.config,
        Upload("our image", "image", json.dumps(changed).encode(), output, mapping),
        actor=admin_user,
    )
    old.refresh_from_db()
    assert (new.pk == old.pk, old.is_active, old.is_default, new.is_default) == (
        False,
        False,
        False,
        True,
    )
    assert gpu.finish(IMAGE).model == new.name


def test_only_those_who_change_providers_add_workflows(gpu: Real) -> None:
    person = User.objects.create_user("kim", is_staff=True)
    with pytest.raises(Forbidden):
        workflows.add(gpu.config, Upload("w", "image", PICTURE, "9"), actor=person)


def test_server_without_a_workflow_makes_nothing(gpu: Real, second: Real) -> None:
    second.config.models.all().delete()
    with pytest.raises((NoPrice, Refused)):
        second.go(IMAGE)
    assert second.fake.orders == []


def test_clip_workflow_that_begins_with_a_picture_is_refused_without_one(gpu: Real) -> None:
    request = ClipRequest(prompt="sea", duration_ms=4000)
    reason = why_not(gpu.config, request)
    assert reason is not None
    assert "begins with a picture, and there is none" in str(reason)


# --- the test of the connection


def test_connection_test(gpu: Real) -> None:
    health = adapter_for(gpu.config).check()
    assert health.ok
    assert health.facts == {"version": "0.3.75", "cuda:0 NVIDIA L40S": "40.0 / 48.0 GiB"}


def test_connection_test_finds_missing_nodes_and_models(gpu: Real) -> None:
    fake = gpu.fake
    del fake.nodes["WanImageToVideo"]  # type: ignore[attr-defined]
    fake.nodes["CheckpointLoaderSimple"] = {  # type: ignore[attr-defined]
        "required": {"ckpt_name": [["flux1-schnell.safetensors"], {}]}
    }
    fake.nodes["KSampler"] = {  # type: ignore[attr-defined]
        "required": {"sampler_name": ["COMBO", {"options": ["dpmpp_2m"]}]}
    }
    health = adapter_for(gpu.config).check()
    assert not health.ok
    assert health.facts["missing"] == ("WanImageToVideo, euler, sd_xl_base_1.0.safetensors")


def test_connection_test_of_something_else(gpu: Real) -> None:
    AIProviderConfig.objects.filter(provider="gpu-1").update(base_url=f"{gpu.fake.url}/v1")
    assert adapter_for(gpu.config).check().facts == {
        "answer": "HTTP 404, there is no such page: is the address right?"
    }


def test_kinds_and_voices(gpu: Real) -> None:
    adapter = adapter_for(gpu.config)
    assert adapter.kinds == {Kind.IMAGE, Kind.CLIP}
    assert (adapter.voices(), adapter.balance()) == ([], None)


# --- pages


def test_administrator_uploads_a_workflow(gpu: Real, admin_client: Any) -> None:
    page = reverse("admin:providers_workflow", args=[gpu.config.pk])
    assert admin_client.get(page).status_code == 200
    read = admin_client.post(page, {"kind": "image", "file": SimpleUploadedFile("w.json", PICTURE)})
    shown = read.content.decode()
    assert read.status_code == 200
    assert 'name="map_prompt" value="6.text"' in shown
    assert 'name="map_frames"' not in shown
    form = {
        "kind": "image",
        "content": PICTURE.decode(),
        "name": "Portraits",
        "map_prompt": "6.text",
        "map_seed": "3.seed",
        "output": "9",
        "price": "0.01",
    }
    wrong = admin_client.post(page, form | {"map_seed": "3.seeds", "price": "0.02"})
    assert wrong.status_code == 422
    assert "The workflow has no input “3.seeds”." in wrong.content.decode()
    assert 'value="3.seeds"' in wrong.content.decode()
    assert admin_client.post(page, form | {"price": "much"}).status_code == 422
    assert admin_client.post(page, form).status_code == 302
    row = gpu.config.models.get(is_default=True, kind="image")
    assert row.name.startswith("Portraits-")
    assert (row.price, row.options["map"]) == (
        Decimal("0.01"),
        {"prompt": ["6.text"], "seed": ["3.seed"]},
    )


def test_pages_of_workflows_are_for_those_who_change_providers(
    gpu: Real, client: Any, admin_client: Any
) -> None:
    page = reverse("admin:providers_workflow", args=[gpu.config.pk])
    client.force_login(User.objects.create_user("kim", is_staff=True))
    assert client.get(page).status_code == 403
    row = gpu.config.models.get(kind="image")
    run = reverse("admin:providers_test_run", args=[gpu.config.pk, row.pk])
    assert client.post(run, {"price": "1"}).status_code == 403
    other = AIProviderConfig.objects.get(provider="llm")
    assert admin_client.get(reverse("admin:providers_workflow", args=[other.pk])).status_code == 404
    assert gpu.fake.orders == []


@pytest.mark.moderate
def test_test_run_is_a_priced_call_whose_result_is_fetched(
    gpu: Real, admin_client: Any, clock: Clock
) -> None:
    from providers.calls.reconcile import collect

    row = gpu.config.models.get(kind="clip")
    ProviderModel.objects.filter(pk=row.pk).update(price=Decimal("0.02"))
    run = reverse("admin:providers_test_run", args=[gpu.config.pk, row.pk])
    shown = admin_client.get(run).content.decode()
    assert 'name="price" value="0.0400"' in shown
    assert admin_client.post(run, {"price": "0.03"}).status_code == 409  # it costs more now
    assert admin_client.post(run, {"price": "x"}).status_code == 409
    assert gpu.fake.orders == []
    answer = admin_client.post(run, {"price": "0.0400"})
    call = ProviderCall.objects.get(state="accepted")
    assert answer["Location"].endswith(f"/{call.pk}/change/")
    for _ in range(3):
        clock.forward(seconds=30)
        collect()
    call.refresh_from_db()
    assert (call.state, call.cost, gpu.fake.paid) == ("settled", Decimal("0.0400"), 1)
    assert admin_client.get(answer["Location"]).status_code == 200
