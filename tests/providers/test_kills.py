"""Workers are killed with SIGKILL at every point of a paid call's life; then the providers' own
ledgers are asked.

The points are those that the gate names while a call goes well, so a new step cannot be forgotten.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from providers import ledger
from providers.models import ProviderCall
from providers.requests import (
    CastReference,
    ClipRequest,
    ImageRequest,
    MusicRequest,
    Request,
    SoundRequest,
    SpeechRequest,
    TextRequest,
)
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.llm import Llm
from tests.fakes.openai_speech import OpenAISpeech
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.server import Charge, Fake
from tests.fakes.stability import Stability
from tests.providers.processes import Running, Workers
from tests.providers.real import KEYS, configure, put_picture

pytestmark = [pytest.mark.fault_injection, pytest.mark.django_db(transaction=True)]

FAKES: dict[str, Any] = {
    "runway_ml": lambda: Runway(seconds=0.01),
    "stability_ai": Stability,
    "replicate": Replicate,
    "llm": Llm,
    "elevenlabs": ElevenLabs,
    "openai_speech": OpenAISpeech,
}
# The kinds that are bought of each provider; most make one that stands for the others.
WORK = [(provider, "") for provider in sorted(FAKES) if provider != "elevenlabs"]
WORK += [("elevenlabs", "speech"), ("elevenlabs", "music"), ("elevenlabs", "sound")]
# Pictures with reference sheets of the cast, which go along in the request that is paid.
WORK += [(provider, "sheets") for provider in ("replicate", "runway_ml", "stability_ai")]
SHEETS = {
    "replicate": "bytedance/seedream-4",
    "runway_ml": "gen4_image",
    "stability_ai": "ultra",
}


@pytest.fixture
def fake(request: pytest.FixtureRequest, settings: Any) -> Iterator[Fake]:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    with FAKES[provider]() as fake:
        configure(provider, fake, settings={"send_timeout": 20})
        put_picture()
        yield fake


def work(provider: str, key: str, kind: str = "") -> Request:
    """A piece of work whose words name its key, so that the fake's ledger can be asked about it."""
    words = f"a lighthouse, {key}"
    if kind == "sheets":
        haru = CastReference("character", "Haru", "a girl", "a girl", "scene.png", "0" * 64)
        return ImageRequest(prompt=words, model=SHEETS[provider], cast=[haru])
    return _other_work(provider, kind, words)


def _other_work(provider: str, kind: str, words: str) -> Request:
    match kind or provider:
        case "music":
            return MusicRequest(prompt=words, duration_ms=3000)
        case "sound":
            return SoundRequest(prompt=words, duration_ms=1000)
        case "speech" | "openai_speech":
            return SpeechRequest(text=words, language="en", voice="ben00002" if kind else "")
    if provider == "llm":
        return TextRequest(
            task="plan_story", script=f"{words}. It rained. She smiled.", scenes=2, language="en"
        )
    if provider == "stability_ai":
        return ImageRequest(prompt=words, model="core")
    return ClipRequest(prompt=words, duration_ms=5000, image_file="scene.png")


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


def charges(fake: Fake, key: str) -> list[Charge]:
    return [charge for charge in fake.charges.values() if key.encode() in charge.asked.body]


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


def judge(fake: Fake, key: str, said: dict[str, str] | None, point: str) -> str:
    """At most one charge; what was charged has a result or is asked about; the amounts agree.
    Returns how it ended.
    """
    call = ProviderCall.objects.filter(key=key).latest("attempt_no")
    paid = charges(fake, key)
    assert len(paid) <= 1, point
    assert said is not None, point
    if said["state"] == "ready":
        assert (call.state, len(paid)) == ("settled", 1), point
        assert call.cost is not None
        assert 0 <= call.cost - paid[0].usd < most_above(call), point
        return "settled"
    assert (said["state"], call.state) == ("unclear", "unclear"), f"{point}: {said}"
    assert call.counted >= sum(charge.usd for charge in paid), point
    return "unclear"


@pytest.mark.parametrize(("provider", "kind"), WORK)
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
    assert ("polling" in points) is (provider in {"runway_ml", "replicate"})
    ends: Counter[str] = Counter()
    for n, point in enumerate(points, 1):
        key = f"key{n:02d}"
        assert run(key, GATE_KILL_AT_STEP=str(n)) is None, point
        time_passes(key)
        ends[judge(fake, key, run(key), point)] += 1
    # Lost for good is only what was out and unanswered: from "sending" until the answer is on the
    # disk of the machine.
    unanswered = points.index("spooled") - points.index("sending")
    if kind == "speech":  # found in the history, unless it was killed before anything was sent
        unanswered = 1
    assert ends == {"settled": len(points) - unanswered, "unclear": unanswered}
    assert 0 <= ledger.totals().counted - fake.charged <= ledger.totals().at_risk + Decimal("0.05")


@pytest.mark.parametrize(("provider", "kind"), WORK)
def test_killed_while_the_request_is_out(
    provider: str, kind: str, fake: Fake, workers: Workers
) -> None:
    fake.slow = 5.0
    fake.expect("slow", times=1)
    running = out_and_then(
        workers, fake, provider, "out", lambda: bool(charges(fake, "out")), kind=kind
    )
    running.signal(signal.SIGKILL)
    assert running.end() is None
    time_passes("out")
    found = judge(fake, "out", workers.run(provider, work(provider, "out", kind), "out"), "out")
    assert found == ("settled" if kind == "speech" else "unclear")
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
