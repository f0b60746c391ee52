"""A film of twenty scenes with three characters, made by Runway and Replicate while a worker is
killed: each picture and clip is paid once, with exactly the sheets and frames of its scene.
"""

import base64
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Job
from jobs.runner import run_due
from providers import calls, ledger
from providers.models import OrganizationBudget, ProviderCall, ProviderModel
from providers.services import unclear_calls
from stories.enums import Boundary, FilmKind
from stories.handlers.paid_results import record_leftover_results
from stories.models import Film, Look, Scene, Story, Take
from stories.services import cast, generation, sheets
from stories.services.cast import Appearance
from stories.services.plan import load_scenes
from stories.services.transitions import apply_transition
from tests.fakes import media
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.providers.processes import ROOT, environment
from tests.providers.real import configure
from tests.stories.factories import first_look, make_scene, make_story

pytestmark = [
    pytest.mark.slow,
    pytest.mark.fault_injection,
    pytest.mark.django_db(transaction=True),
]

SCENES = 20
NAMES = ("Haru", "Jonas", "Mara")
SHOWN = ((0,), (1, 2), (0, 1, 2), (2, 0), ())  # scene after scene
# Every second scene is made by Replicate. A continuous one ends in the next scene's picture.
CONTINUOUS = {1, 9, 17}
IMAGE_MODELS = ("gen4_image", "bytedance/seedream-4")
IMAGE_PRICES = (Decimal("0.05"), Decimal("0.03"))
CLIP_PRICES = (Decimal("0.10"), Decimal("0.30"))  # two seconds of Runway, five of Replicate
CONTINUOUS_PRICE = Decimal("0.40")  # four seconds
PLACE = re.compile(r"at pier (\d+)\.")
WORKER = """
import time
import django
django.setup()
from jobs.runner import run_due
print("ready", flush=True)
while True:
    run_due(worker="killed", limit=1)
    time.sleep(0.02)
"""


@contextmanager
def worker() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def eventually(
    clock: Any, boss: User, condition: Callable[[], Any], *, seconds: float = 240
) -> None:
    """Let the studio go on until it is so; its own waits are moved. A person attaches what a dead
    worker had ordered.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, list(
            Job.objects.exclude(status="succeeded").values_list("name", "status", "note_data")
        )
        run_due()
        clock.forward(seconds=60)
        calls.reconcile()
        calls.collect()
        for call in ProviderCall.objects.filter(state="unclear"):
            (task,) = [one.task_id for one in unclear_calls.candidates(call) if one.matches]
            unclear_calls.attach_task(call, actor=boss, reason="it is in the list", task_id=task)
        record_leftover_results()


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def providers(settings: Any) -> Iterator[tuple[Runway, Replicate]]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"runway_ml": Runway.key, "replicate": Replicate.key}
    OrganizationBudget.objects.get_or_create(pk=1)
    with Runway() as runway, Replicate() as replicate:
        replicate.slow = 20.0
        configure("runway_ml", runway)
        configure("replicate", replicate)
        row = ProviderModel.objects.get(provider="runway_ml", name="veo3.1_fast")
        row.capabilities = {**row.capabilities, "end_image": True}
        row.save()
        yield runway, replicate


@pytest.fixture
def story(boss: User, providers: Any) -> Story:
    story = make_story(boss, status="planned", duration_seconds=SCENES)
    looks = []
    for number, name in enumerate(NAMES):
        words = {"description_en": f"a person in coat {number}"}
        member = cast.create_member(story.pk, actor=boss, name=name, **words)
        look = first_look(member)
        file = SimpleUploadedFile("sheet.png", media.picture(640, 360, number), "image/png")
        sheets.upload(look.pk, file=file, actor=boss)
        looks.append(look)
    for number in range(SCENES):
        made_by = "replicate" if number % 2 else "runway_ml"
        at_replicate = number % 2 and number not in CONTINUOUS
        scene = make_scene(
            story,
            text=f"a boat at pier {number}.",
            narration="",
            duration_seconds=1,
            image_provider=made_by,
            image_model=IMAGE_MODELS[number % 2],
            clip_provider="replicate" if at_replicate else "runway_ml",
            clip_model="" if number not in CONTINUOUS else "veo3.1_fast",
            boundary=Boundary.CONTINUOUS if number in CONTINUOUS else Boundary.CUT,
        )
        appearances = [Appearance(looks[index].pk) for index in SHOWN[number % len(SHOWN)]]
        cast.set_scene_cast(scene.pk, actor=boss, appearances=appearances)
    return story


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["image", "clip"])
def test_each_is_paid_once_with_the_sheets_and_frames_of_its_scene(
    clock: Any, boss: User, providers: tuple[Runway, Replicate], story: Story, killed: str
) -> None:
    start, plan = generation.start_generation(story.pk, "image", actor=boss)
    start.require()
    half = SCENES // 2
    assert (len(plan.todo), plan.total) == (SCENES, half * sum(IMAGE_PRICES))
    if killed == "image":
        kill_a_worker(providers)
    eventually(clock, boss, lambda: count("image") == SCENES)
    Story.objects.filter(pk=story.pk).update(status="previewing")
    apply_transition(story.pk, "render_final", actor=boss)
    if killed == "clip":
        move_due_times_back()
        kill_a_worker(providers)
    eventually(clock, boss, lambda: Story.objects.get(pk=story.pk).status == "completed")
    film = Film.objects.get(story=story, kind=FilmKind.FINAL)
    assert film.frames == SCENES * film.fps
    judge_books(story, providers)
    for number, scene in enumerate(load_scenes(story)):
        judge_requests(number, scene, providers)


def count(kind: str) -> int:
    return Take.objects.filter(kind=kind).count()


def move_due_times_back() -> None:
    """A worker of another process has its own clock, which nobody has moved."""
    Job.objects.filter(status="queued").update(run_at=datetime.now(UTC))


def kill_a_worker(providers: tuple[Runway, Replicate]) -> None:
    """While Replicate's answer to a paid order is on its way."""
    runway, replicate = providers
    before = replicate.paid
    replicate.expect("slow", times=1)
    with worker() as process:
        deadline = time.monotonic() + 60
        while replicate.paid == before:
            assert process.poll() is None
            assert time.monotonic() < deadline, (runway.paid, replicate.paid)
            time.sleep(0.01)
        process.kill()
        process.wait()
    replicate.calm()
    assert ProviderCall.objects.filter(state__in=["sending", "sent"]).exists(), list(
        ProviderCall.objects.values_list("state", flat=True)
    )


def judge_books(story: Story, providers: tuple[Runway, Replicate]) -> None:
    runway, replicate = providers
    paid = Counter((call.kind, call.item) for call in ProviderCall.objects.filter(state="settled"))
    wanted = {(kind, scene.key) for kind in ("image", "clip") for scene in load_scenes(story)}
    assert paid == dict.fromkeys(wanted, 1)
    assert runway.paid + replicate.paid == 2 * SCENES
    assert max(runway.posts.values()) == max(replicate.posts.values()) == 1
    sums = ledger.breakdown("provider", subject=str(story.pk))
    assert {name: row.actual for name, row in sums.items()} == {
        "runway_ml": runway.charged,
        "replicate": replicate.charged,
    }
    half, continuous = SCENES // 2, len(CONTINUOUS)
    assert runway.charged + replicate.charged == (
        half * (sum(IMAGE_PRICES) + sum(CLIP_PRICES))
        + continuous * (CONTINUOUS_PRICE - CLIP_PRICES[1])
    )
    assert ledger.totals(subject=str(story.pk)).at_risk == 0
    takes = Take.objects.filter(kind__in=["image", "clip"])
    assert (takes.count(), sum(take.cost for take in takes)) == (
        2 * SCENES,
        runway.charged + replicate.charged,
    )


def judge_requests(number: int, scene: Scene, providers: tuple[Runway, Replicate]) -> None:
    """The scene's two orders: which sheet with which tag at which place, and which frames."""
    image, clip = orders_of(number, providers)
    names = [NAMES[index] for index in sorted(SHOWN[number % len(SHOWN)])]
    sheets = [sheet_of(name) for name in names]
    tags = [f"character{place}" for place, _ in enumerate(names, 1)]
    if number % 2:
        sent = image["input"].get("image_input", [])
        assert [content_of(uri) for uri in sent] == sheets
        assert "referenceImages" not in image
    else:
        sent = image.get("referenceImages", [])
        assert [(one["tag"], content_of(one["uri"])) for one in sent] == list(
            zip(tags, sheets, strict=True)
        )
        for name, tag in zip(names, tags, strict=True):
            assert f"{name} (@{tag}): a person in coat {NAMES.index(name)}" in image["promptText"]
    assert scene.image_take is not None
    first = stored(scene.image_take.file)
    if number in CONTINUOUS:
        after = Scene.live.get(story=scene.story, position=scene.position + 1).image_take
        assert after is not None
        frames = [(one["position"], content_of(one["uri"])) for one in clip["promptImage"]]
        assert frames == [("first", first), ("last", stored(after.file))]
    else:
        start = clip["input"]["image"] if number % 2 else clip["promptImage"]
        assert content_of(start) == first


def orders_of(number: int, providers: tuple[Runway, Replicate]) -> tuple[Any, Any]:
    """The bodies of the two paid orders for this scene."""
    found: dict[bool, list[Any]] = {True: [], False: []}
    for fake in providers:
        for asked in fake.orders:
            body = asked.json
            words = body.get("promptText") or body["input"]["prompt"]
            place = PLACE.search(words)
            assert place is not None, words
            if int(place[1]) == number:
                found["Camera:" in words].append(body)
    (image,), (clip,) = found[False], found[True]
    return image, clip


def sheet_of(name: str) -> bytes:
    sheet = Look.objects.get(member__name=name).sheet
    assert sheet is not None
    return stored(sheet.file)


def stored(name: str) -> bytes:
    with storages["media"].open(name) as file:
        content: bytes = file.read()
    return content


def content_of(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])
