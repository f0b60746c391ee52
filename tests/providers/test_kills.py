"""Workers are killed with SIGKILL at every point of a paid call's life; then the providers' own
ledgers are asked.

The points are those that the call service names while a call goes well, so a new step cannot be
forgotten.
"""

import base64
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.worker.linux_processes import state
from providers import ledger
from providers.models import ProviderCall, ProviderModel
from providers.requests import (
    CastReference,
    ClipRequest,
    Edit,
    ImageRequest,
    MaskShape,
    MusicRequest,
    Request,
    ShownPicture,
    SoundRequest,
    SpeechRequest,
    TextRequest,
)
from tests.fakes import media, supertone, typecast
from tests.fakes.bullmq import BullMQ
from tests.fakes.comfyui import ComfyUI
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.fal import Fal
from tests.fakes.llm import Llm
from tests.fakes.openai_images import OpenAIImages
from tests.fakes.openai_speech import OpenAISpeech
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import Charge, Fake
from tests.fakes.stability import Stability
from tests.fakes.supertone import Supertone
from tests.fakes.typecast import Typecast
from tests.providers.connected import connect
from tests.providers.processes import Running, Workers
from tests.providers.real import KEYS, put_picture

pytestmark = [pytest.mark.fault_injection, pytest.mark.django_db(transaction=True)]

FAKES: dict[str, Any] = {
    "runway_ml": lambda: Runway(seconds=0.01),
    "stability_ai": Stability,
    "replicate": Replicate,
    "fal": Fal,
    "llm": Llm,
    "elevenlabs": ElevenLabs,
    "openai_speech": OpenAISpeech,
    "openai_images": OpenAIImages,
    "typecast": Typecast,
    "supertone": Supertone,
    "comfyui": ComfyUI,
    "bullmq": BullMQ,
}
MACHINES = ("bullmq", "comfyui")  # a job has the call's own name there, and so is found again
POLLED = {"runway_ml", "replicate", "fal", *MACHINES}
# The kinds that are bought of each provider; most make one that stands for the others.
WORK = [(provider, "") for provider in sorted(FAKES) if provider not in {"elevenlabs", *MACHINES}]
WORK += [(provider, kind) for provider in MACHINES for kind in ("image", "clip")]
WORK += [("llm", "check")]  # a model that looks at a take
WORK += [("elevenlabs", "speech"), ("elevenlabs", "music"), ("elevenlabs", "sound")]
WORK += [("stability_ai", "music"), ("stability_ai", "sound")]  # Stable Audio
WORK += [("runway_ml", "sound")]
# Variants: requests with other fields, sent in the same way as one above.
# Pictures with reference sheets of the cast, which go along in the request that is paid.
VARIANTS = [(provider, "sheets") for provider in ("fal", "replicate", "runway_ml", "stability_ai")]
# Clips that begin and end with a given picture.
VARIANTS += [(provider, "frames") for provider in ("fal", "replicate", "runway_ml")]
# Takes that are edited, which go along in the request with their mask.
VARIANTS += [(provider, "mask") for provider in ("openai_images", "stability_ai")]
VARIANTS += [(provider, "change") for provider in ("fal", "replicate", "runway_ml")]
VARIANTS += [(provider, "extend") for provider in ("runway_ml",)]
VARIANTS += [("runway_ml", "finish")]
VARIANTS += [
    (provider, "upscale") for provider in ("fal", "replicate", "runway_ml", "stability_ai")
]
CASES = [*WORK, *(pytest.param(*work, marks=pytest.mark.slow) for work in VARIANTS)]
EDITS = {
    "openai_images": "gpt-image-1",
    "stability_ai": "inpaint",
    "replicate": "black-forest-labs/flux-kontext-pro",
    "fal": "fal-ai/nano-banana-2/edit",
    "runway_ml": "gen4_image",
}
RUNWAY_UPSCALE = "magnific_precision_upscaler_v2"
UPSCALES = {
    "replicate": "topazlabs/image-upscale",
    "fal": "fal-ai/topaz/upscale/image",
    "runway_ml": RUNWAY_UPSCALE,
    "stability_ai": "upscale-conservative",
}
MASK = [MaskShape([(0, 0), (500, 1000)])]
SHEETS = {
    "replicate": "bytedance/seedream-4",
    "fal": "fal-ai/nano-banana-2/edit",
    "runway_ml": "gen4_image",
    "stability_ai": "ultra",
}
FRAMES = {
    "replicate": ("bytedance/seedance-1-pro", 5000),
    "fal": ("fal-ai/kling-video/o3/4k/image-to-video", 5000),
    "runway_ml": ("veo3.1", 4000),
}


@pytest.fixture
def fake(request: pytest.FixtureRequest, settings: Any) -> Iterator[Fake]:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    with FAKES[provider]() as fake:
        config = connect(provider, fake, User.objects.create_superuser("mina"))
        config.settings["send_timeout"] = 20
        config.save()
        row = ProviderModel.objects.filter(name="bytedance/seedance-1-pro").first()
        if row is not None:
            row.options = {**row.options, "input": {"end_image": "last_frame_image"}}
            row.save()
        put_picture()
        put_picture("clip.mp4", media.clip(5))
        rows = ProviderModel.objects
        # The prices of the fakes.
        for name, price in (("topazlabs/image-upscale", "0.05"), (RUNWAY_UPSCALE, "0.10")):
            rows.filter(name=name).update(is_active=True, price=Decimal(price))
        rows.filter(name="seedance2_5").update(is_active=True, price=Decimal("0.30"))
        rows.filter(name="seedance2_5-final").update(is_active=True, price=Decimal("0.45"))
        if isinstance(fake, Runway):
            for key in ("traced", "out", *(f"key{n:02d}" for n in range(1, 40))):
                fake.put_draft(f"draft-{key}")
        if provider == "llm":
            rows.filter(provider="llm").update(capabilities={"vision": True})
        if provider == "openai_images":
            rows.update(capabilities={"tasks": ["make", "change", "mask"]})
        yield fake


def work(provider: str, key: str, kind: str = "") -> Request:
    """A piece of work whose words name its key, so that the fake's ledger can be asked about it."""
    words = f"a lighthouse, {key}"
    if kind == "sheets":
        haru = CastReference("character", "Haru", "a girl", "a girl", "scene.png", "0" * 64)
        return ImageRequest(prompt=words, model=SHEETS[provider], cast=[haru])
    if kind == "frames":
        model, ms = FRAMES[provider]
        return ClipRequest(
            prompt=words,
            model=model,
            duration_ms=ms,
            image_file="scene.png",
            end_image_file="scene.png",
        )
    if kind in {"mask", "change"}:
        mask = MASK if kind == "mask" else []
        edit = Edit("change", "scene.png", "0" * 64, 320, 180, mask=mask)
        return ImageRequest(prompt=words, model=EDITS[provider], edit=edit)
    if kind == "upscale":
        name = put_picture(f"{key}.png", picture_of(key))
        edit = Edit("upscale", name, "0" * 64, 320, 180)
        return ImageRequest(prompt=words, model=UPSCALES[provider], edit=edit)
    if kind == "extend":
        edit = Edit("extend", "clip.mp4", "0" * 64, 160, 90, duration_ms=5000)
        return ClipRequest(prompt=words, model="seedance2_5", duration_ms=5000, edit=edit)
    return _other_work(provider, kind, words, key)


def _other_work(provider: str, kind: str, words: str, key: str) -> Request:
    if kind == "finish":
        edit = Edit(
            "finish",
            "clip.mp4",
            "0" * 64,
            160,
            90,
            duration_ms=5000,
            draft=f"draft-{key}",
            drafted_at=timezone.now().isoformat(),
        )
        return ClipRequest(prompt=words, model="seedance2_5-final", duration_ms=5000, edit=edit)
    if kind == "check":
        shown = [ShownPicture("picture", put_picture("take.jpg", media.picture(64, 64, 0, "JPEG")))]
        return TextRequest(task="check_picture", script=words, language="en", pictures=shown)
    spoken = SpeechRequest(text=words, language="en")
    known: dict[str, Request] = {
        "image": ImageRequest(prompt=words),
        "openai_images": ImageRequest(prompt=words),
        "stability_ai": ImageRequest(prompt=words, model="core"),
        "music": MusicRequest(prompt=words, duration_ms=3000),
        "sound": SoundRequest(prompt=words, duration_ms=1000),
        "speech": msgspec.structs.replace(spoken, voice="ben00002"),
        "openai_speech": spoken,
        "typecast": msgspec.structs.replace(spoken, voice=typecast.VOICE),
        "supertone": msgspec.structs.replace(spoken, voice=supertone.VOICE),
        "llm": TextRequest(
            task="plan_story", script=f"{words}. It rained. She smiled.", scenes=2, language="en"
        ),
    }
    clip = ClipRequest(prompt=words, duration_ms=5000, image_file="scene.png")
    return known.get(kind or provider, clip)


@pytest.fixture
def workers(fake: Fake) -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


def out_and_then(
    workers: Workers,
    fake: Fake,
    provider: str,
    key: str,
    seen: Callable[[], bool],
    *,
    kind: str = "",
) -> Running:
    """A worker that has gone as far as `seen` tells."""
    running = workers.start(provider, work(provider, key, kind), key)
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return running


def picture_of(key: str) -> bytes:
    """A picture that names its key, since most upscales send no words."""
    return media.picture(320, 180) + key.encode()


def charges(fake: Fake, key: str) -> list[Charge]:
    signs = (key.encode(), base64.b64encode(picture_of(key)))
    return [
        charge
        for charge in fake.charges.values()
        if any(sign in charge.asked.body for sign in signs)
    ]


def arrived(fake: Fake, key: str) -> bool:
    """Whether the provider has this order; a machine of one's own charges only when it is done."""
    if isinstance(fake, ComfyUI):
        return any(key.encode() in job.asked.body for job in fake.jobs.values())
    return bool(charges(fake, key))


def time_passes(key: str) -> None:
    """What the next worker would have to wait for: the longest a submit may take, and a poll that
    was lost.
    """
    long_ago = timezone.now() - timedelta(minutes=30)
    ProviderCall.objects.filter(key=key, state="sending").update(sending_at=long_ago)
    ProviderCall.objects.filter(key=key, state="accepted").update(poll_after=long_ago)


def most_above(call: ProviderCall) -> Decimal:
    """By how much the books may be above the bill: the length of speech that is priced by the
    minute is an estimate, and the ledger rounds a length up to 60 ms.
    """
    if call.provider_id == "openai_speech":
        return call.estimate
    return Decimal("0.0003") if call.kind in {"music", "sound"} else Decimal("0.0001")


def judge(fake: Fake, key: str, report: dict[str, str] | None, point: str) -> str:
    """At most one charge; what was charged has a result or is asked about; the amounts agree.
    Returns how it ended.
    """
    call = ProviderCall.objects.filter(key=key).latest("attempt_no")
    paid = charges(fake, key)
    assert len(paid) <= 1, point
    assert report is not None, point
    if report["state"] == "ready":
        assert (call.state, len(paid)) == ("settled", 1), point
        assert call.cost is not None
        assert 0 <= call.cost - paid[0].usd < most_above(call), point
        return "settled"
    assert (report["state"], call.state) == ("unclear", "unclear"), f"{point}: {report}"
    assert call.counted >= sum(charge.usd for charge in paid), point
    return "unclear"


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_killed_at_every_point(
    provider: str, kind: str, fake: Fake, workers: Workers, tmp_path: Path
) -> None:
    def run(key: str, **extra: str) -> dict[str, str] | None:
        return workers.run(provider, work(provider, key, kind), key, **extra)

    trace = tmp_path / "steps"
    assert judge(fake, "traced", run("traced", GATE_TRACE_STEPS=str(trace)), "traced") == "settled"
    points = trace.read_text().splitlines()
    assert {
        "before reserving",
        "reserved",
        "sending",
        "answered",
        "spool written",
        "spooled",
        "fetching",
        "stored",
        "settled",
    } <= set(points)
    assert ("polling" in points) is (provider in POLLED)
    ends: Counter[str] = Counter()
    if provider == "bullmq":  # how often it is asked depends on its worker
        points = list(dict.fromkeys(points))
    for n, point in enumerate(points, 1):
        key = f"key{n:02d}"
        at = point if provider == "bullmq" else str(n)
        assert run(key, GATE_KILL_AT_STEP=at) is None, point
        time_passes(key)
        ends[judge(fake, key, run(key), point)] += 1
    # Lost for good is only what was out and unanswered: from "sending" until the answer is on the
    # disk of the machine.
    unanswered = points.index("spooled") - points.index("sending")
    if is_found(provider, kind):  # unless it was killed before anything was sent
        unanswered = 1
    assert ends == {"settled": len(points) - unanswered, "unclear": unanswered}
    assert 0 <= ledger.totals().counted - fake.charged <= ledger.totals().at_risk + Decimal("0.05")


def is_found(provider: str, kind: str) -> bool:
    """Whether the provider's history or queue says what became of a lost answer."""
    return kind == "speech" or provider in MACHINES


@pytest.mark.parametrize(("provider", "kind"), [case for case in CASES if "bullmq" not in case])
def test_killed_while_the_request_is_out(
    provider: str, kind: str, fake: Fake, workers: Workers
) -> None:
    fake.slow = 5.0
    fake.expect("slow", times=1)
    running = out_and_then(workers, fake, provider, "out", lambda: arrived(fake, "out"), kind=kind)
    running.signal(signal.SIGKILL)
    assert running.end() is None
    time_passes("out")
    found = judge(fake, "out", workers.run(provider, work(provider, "out", kind), "out"), "out")
    assert found == ("settled" if is_found(provider, kind) else "unclear")
    assert len(charges(fake, "out")) == 1
    assert ledger.totals().counted >= fake.charged


@pytest.mark.parametrize("provider", ["runway_ml"])
def test_killed_while_the_result_is_fetched(provider: str, fake: Fake, workers: Workers) -> None:
    fake.expect("slow_file", times=1)
    running = out_and_then(
        workers,
        fake,
        provider,
        "fetch",
        lambda: any(one.path.startswith("/outputs/") for one in fake.asked),
    )
    running.signal(signal.SIGKILL)
    assert running.end() is None
    time_passes("fetch")
    assert (
        judge(fake, "fetch", workers.run(provider, work(provider, "fetch"), "fetch"), "fetch")
        == "settled"
    )
    assert fake.paid == 1


@pytest.mark.parametrize("provider", ["runway_ml"])
def test_frozen_sender_that_wakes_up_attaches_its_task(
    provider: str, fake: Fake, workers: Workers
) -> None:
    """SIGSTOP in the middle of sending, past every limit; a second worker finds it unclear; SIGCONT
    brings the answer.
    """
    fake.slow = 2.0
    fake.expect("slow", times=1)
    frozen = out_and_then(workers, fake, provider, "frozen", lambda: bool(charges(fake, "frozen")))
    frozen.signal(signal.SIGSTOP)
    time_passes("frozen")
    with Workers() as others:
        assert (
            judge(
                fake, "frozen", others.run(provider, work(provider, "frozen"), "frozen"), "frozen"
            )
            == "unclear"
        )
    frozen.signal(signal.SIGCONT)
    assert judge(fake, "frozen", frozen.end(), "frozen") == "settled"


# Those of which one stands for the others, and the kinds that came after them.
FROZEN = [("runway_ml", ""), ("stability_ai", ""), ("openai_images", ""), ("openai_speech", "")]
FROZEN += [("elevenlabs", "speech"), ("elevenlabs", "music"), ("comfyui", "image")]
FROZEN += [("bullmq", "image")]


@pytest.mark.parametrize(("provider", "kind"), FROZEN)
def test_frozen_at_every_point(
    provider: str, kind: str, fake: Fake, workers: Workers, tmp_path: Path
) -> None:
    """SIGSTOP at each point, past every limit, while another worker goes on with the work. Resumed,
    it sends nothing more and leaves a result as it is: each piece of work is paid for once.
    """
    trace = tmp_path / "steps"
    workers.run(provider, work(provider, "traced", kind), "traced", GATE_TRACE_STEPS=str(trace))
    points = list(dict.fromkeys(trace.read_text().splitlines()))
    with Workers() as others:
        for n, point in enumerate(points):
            key = f"key{n:02d}"
            request = work(provider, key, kind)
            frozen = workers.start(provider, request, key, GATE_STOP_AT_STEP=point)
            until_stopped(frozen)
            sent = {call.pk: call.sending_at for call in ProviderCall.objects.filter(key=key)}
            time_passes(key)
            others.start(provider, request, key, seconds=2).end()
            before = settled_as(key)
            for call_id, moment in sent.items():  # by which its sender knows it again
                ProviderCall.objects.filter(pk=call_id).update(sending_at=moment)
            frozen.signal(signal.SIGCONT)
            frozen.end()
            assert before in (None, settled_as(key)), point
            assert len(charges(fake, key)) <= 1, point
            time_passes(key)
            report = others.run(provider, request, key)
            assert judge(fake, key, report, point) == "settled", point
            assert len(charges(fake, key)) == 1, point


def until_stopped(running: Running) -> None:
    deadline = time.monotonic() + 60
    while state(running.pid) != "T":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def settled_as(key: str) -> tuple[object, ...] | None:
    """What the row says of a call that is settled."""
    call = ProviderCall.objects.filter(key=key).order_by("attempt_no").last()
    if call is None or call.state != "settled":
        return None
    return call.pk, call.cost, call.task_id, call.result, call.ended_at
