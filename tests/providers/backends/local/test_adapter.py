"""The local provider through the call service: what it makes, and every way in which
it fails on command.
"""

import io
import subprocess
from typing import Any

import pytest
from django.core.files.storage import storages
from PIL import Image

from core.unavailable import ServiceUnavailableError
from providers.backends.local import fault_settings
from providers.calls import Pending, Ready, advance
from providers.enums import CallState, Refusal
from providers.errors import Invalid, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ClipRequest, ImageRequest, TextRequest
from tests.providers.conftest import Clock

IMAGE = ImageRequest(prompt="밤바다의 등대", seed=5, width=160, height=90)


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Every test here asks for rows."""


def go(request: Any = IMAGE, key: str = "k", **more: Any) -> Ready | Pending:
    return advance(request, provider="local", key=key, subject="story", **more)


def result(answer: Ready | Pending) -> dict[str, Any]:
    assert isinstance(answer, Ready)
    assert answer.call.result is not None
    return answer.call.result


def inject(**settings: Any) -> None:
    AIProviderConfig.objects.filter(provider="local").update(settings={"faults": settings})


def test_picture() -> None:
    made = result(go())
    assert {name: made[name] for name in ("mime", "width", "height", "duration_ms", "seed")} == {
        "mime": "image/png",
        "width": 160,
        "height": 90,
        "duration_ms": 0,
        "seed": 5,
    }
    with (
        storages["media"].open(made["file"]) as file,
        Image.open(io.BytesIO(file.read())) as picture,
    ):
        assert picture.size == (160, 90)


@pytest.mark.moderate
def test_same_words_and_seed_give_the_same_bytes() -> None:
    assert (
        result(go())["sha256"]
        == result(go(key="other"))["sha256"]
        != result(go(ImageRequest(prompt="숲", width=160, height=90), key="third"))["sha256"]
    )


@pytest.mark.moderate
def test_clip_moves_over_the_given_picture_and_tells_its_progress() -> None:
    picture = result(go())["file"]
    heard: list[int] = []
    made = result(
        go(
            ClipRequest(prompt="바다", width=160, height=90, duration_ms=1500, image_file=picture),
            key="clip",
            on_progress=heard.append,
        )
    )
    assert (made["mime"], made["width"], made["height"], made["duration_ms"]) == (
        "video/mp4",
        160,
        90,
        1500,
    )
    assert heard
    assert heard == sorted(heard)


def test_clip_without_a_picture_draws_one() -> None:
    assert (
        result(go(ClipRequest(prompt="바다", width=160, height=90, duration_ms=500)))["duration_ms"]
        == 500
    )


def test_clip_that_is_stopped_is_cancelled_and_leaves_no_file() -> None:
    with pytest.raises(Refused) as refused:
        go(
            ClipRequest(prompt="바다", width=1280, height=720, duration_ms=20_000),
            should_stop=lambda: True,
        )
    assert refused.value.kind == Refusal.CANCELLED
    assert list(storages["media"].listdir("")[0] if storages["media"].exists("") else []) == []


def test_plan() -> None:
    answer = go(TextRequest(task="plan_story", script="비가 왔다. 해가 떴다.", scenes=2))
    assert [scene["narration"] for scene in result(answer)["scenes"]] == [
        "비가 왔다.",
        "해가 떴다.",
    ]


def test_empty_script() -> None:
    with pytest.raises(Refused, match="The script is empty"):
        go(TextRequest(task="plan_story", script=" ", scenes=2))


# --- injected faults


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("refuse_invalid", "invalid"),
        ("refuse_moderated", "moderated"),
        ("refuse_failed", "failed"),
        ("unreachable", "unreachable"),
    ],
)
def test_refusals(name: str, kind: str) -> None:
    inject(image=name)
    with pytest.raises(Refused, match=r"^Injected fault: ") as refused:
        go()
    assert refused.value.kind == kind


@pytest.mark.parametrize("name", ["refuse_key", "refuse_credits"])
def test_refusals_that_pause_the_provider(name: str) -> None:
    inject(image=name)
    with pytest.raises(NotNow) as not_now:
        go()
    assert not_now.value.wait == "provider"
    assert AIProviderConfig.objects.get(provider="local").is_paused


def test_rate_limit(clock: Clock) -> None:
    inject(image="refuse_limit", seconds=30, times=1)
    with pytest.raises(NotNow) as not_now:
        go()
    assert not_now.value.wait == "rate_limit"
    clock.forward(seconds=31)
    assert isinstance(go(), Ready)


@pytest.mark.parametrize("name", ["timeout", "dropped", "broken_file"])
def test_unclear(name: str) -> None:
    inject(image=name)
    with pytest.raises(Unclear):
        go()
    assert ProviderCall.objects.get().state == CallState.UNCLEAR


def test_black_picture() -> None:
    inject(image="black_picture")
    with (
        storages["media"].open(result(go())["file"]) as file,
        Image.open(io.BytesIO(file.read())) as picture,
    ):
        assert (picture.size, picture.getextrema()) == ((160, 90), ((0, 0), (0, 0), (0, 0)))


def walk(clock: Clock) -> tuple[Ready, list[str]]:
    notes = []
    for _ in range(10):
        answer = go()
        if isinstance(answer, Ready):
            return answer, notes
        notes.append(str(answer.note))
        clock.forward(seconds=1.1)
    raise AssertionError(notes)


@pytest.mark.moderate
def test_task_that_is_accepted_and_done_later(clock: Clock) -> None:
    inject(image="async", seconds=8)
    ready, notes = walk(clock)
    assert ready.call.task_id.startswith("local-async-")
    assert set(notes) == {"The provider is working on it."}
    assert len(notes) >= 2


def test_task_that_fails_later(clock: Clock) -> None:
    inject(image="async_failed", seconds=1)
    go()
    clock.forward(seconds=3)
    with pytest.raises(Refused, match="worked on it and failed"):
        go()


def test_task_that_is_lost_later(clock: Clock) -> None:
    inject(image="async_lost", seconds=1)
    go()
    clock.forward(seconds=3)
    with pytest.raises(Unclear):
        go()


def test_link_that_expires(clock: Clock) -> None:
    inject(image="expired_link", seconds=2)
    ready, notes = walk(clock)
    assert "Injected fault: the link to the result has expired; a new one is asked for." in notes
    assert ready.call.result is not None


def test_slow_call_tells_its_progress_and_can_be_stopped() -> None:
    inject(image="slow", seconds=0.5)
    heard: list[int] = []
    assert isinstance(go(on_progress=heard.append), Ready)
    assert heard == sorted(heard)
    with pytest.raises(Refused) as refused:
        go(key="other", should_stop=lambda: True)
    assert refused.value.kind == Refusal.CANCELLED


@pytest.mark.moderate
def test_fault_begins_after_and_ends_after_so_many() -> None:
    inject(image="refuse_failed", after=1, times=1)
    assert isinstance(go(key="first"), Ready)
    with pytest.raises(Refused):
        go(key="second")
    assert isinstance(go(key="second"), Ready)
    assert isinstance(
        advance(IMAGE, provider="local", key="elsewhere", subject="another story"), Ready
    )


def test_fault_of_one_kind_leaves_the_others_alone() -> None:
    inject(clip="refuse_failed")
    assert isinstance(go(), Ready)


@pytest.mark.moderate
def test_attached_task_of_a_training_is_ready(admin_user: Any) -> None:
    from providers.services import unclear_calls

    inject(image="timeout", times=1)
    with pytest.raises(Unclear) as unclear:
        go()
    assert unclear.value.call is not None
    unclear_calls.attach_task(
        unclear.value.call, actor=admin_user, reason="training", task_id="task-42"
    )
    assert isinstance(go(), Ready)


@pytest.mark.parametrize(
    "chosen",
    [{}, {"faults": {}}, {"faults": {"image": "timeout", "after": 2, "times": 1, "seconds": 3}}],
)
def test_fault_settings_that_make_sense(chosen: dict[str, Any]) -> None:
    fault_settings.check(chosen)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"faults": {"picture": "x"}}, "no setting “picture”"),
        ({"faults": {"clip": "explode"}}, "no fault “explode”"),
    ],
)
def test_fault_settings_that_do_not(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        fault_settings.check(chosen)


@pytest.mark.moderate
def test_full_disk_is_no_refusal(settings: Any, tmp_path: Any) -> None:
    """It passes: the job waits and uses up no attempt, and the clip is made when there is room
    again.
    """
    picture = result(go())["file"]
    settings.WORK_DIR = disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small disk needs root")
    request = ClipRequest(
        prompt="바다", width=640, height=360, duration_ms=3000, image_file=picture
    )
    try:
        with pytest.raises(ServiceUnavailableError, match="disk is full"):
            go(request, key="clip")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
    assert result(go(request, key="clip"))["duration_ms"] == 3000


def test_voices_need_no_network_and_say_what_they_are_for() -> None:
    found = adapter_for(AIProviderConfig.objects.get(provider="local")).voices()
    assert [(voice.id, voice.name, voice.languages) for voice in found] == [
        ("heart", "Heart", ("en",)),
        ("scratch", "Scratch voice, for timing only", ("ko",)),
    ]
    assert all(voice.sample_text for voice in found)
