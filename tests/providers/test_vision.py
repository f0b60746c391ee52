"""Checking pictures by a language model that looks at them, before a server that answers oddly."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from openai import OpenAI

from providers.errors import Refused
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.preflight import require_possible
from providers.requests import ShownPicture, TextRequest
from providers.vision import model_that_sees
from tests.fakes import media
from tests.fakes.llm import Llm
from tests.providers.conftest import Clock
from tests.providers.real import Real, configure, put_picture, specs

CHECK = TextRequest(
    task="check_picture",
    script="등대 앞의 하루",
    pictures=[
        ShownPicture("picture", "take.jpg"),
        ShownPicture("character", "haru.jpg", name="하루", description="노란 외투"),
        ShownPicture("character", "jonas.jpg", name="Jonas"),
    ],
)
SAME = [{"name": "하루", "same": True}, {"name": "Jonas", "same": True}]


@pytest.fixture
def llm(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"llm": Llm.key}
    with Llm() as fake:
        configure("llm", fake)
        ProviderModel.objects.filter(provider="llm").update(capabilities={"vision": True})
        for number, picture in enumerate(CHECK.pictures):
            put_picture(picture.file, media.picture(64, 64, number, "JPEG"))
        yield Real("llm", fake, clock)


def test_take_and_sheets_are_shown_and_the_findings_are_kept(llm: Real) -> None:
    call = llm.finish(CHECK)
    assert (call.state, call.model, call.attempt_no) == ("settled", "planner-1", 1)
    assert call.result == {"fits": True, "missing": [], "faces": SAME, "why": "모두 보인다."}
    # By tokens, rounded up to a hundredth of a cent.
    assert (llm.fake.paid, call.cost_is_estimated) == (1, False)
    assert 0 <= (call.cost or 0) - llm.fake.charged < Decimal("0.0001")
    body = llm.fake.asked[0].json
    parts = body["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["text", *(["text", "image_url"] * 3)]
    assert [part["text"] for part in parts if part["type"] == "text"] == [
        "The prompt: 등대 앞의 하루",
        "The picture to check:",
        "Reference sheet of “하루” (노란 외투):",
        "Reference sheet of “Jonas”:",
    ]
    assert "Write `missing` and `why` in Korean." in body["messages"][0]["content"]
    assert body["response_format"]["json_schema"]["name"] == "check"


def test_frames_of_a_clip_without_sheets(llm: Real) -> None:
    frames = [ShownPicture("frame", one.file) for one in CHECK.pictures]
    call = llm.finish(msgspec.structs.replace(CHECK, pictures=frames, language="en"))
    assert (call.result or {})["faces"] == []
    system, user = llm.fake.asked[0].json["messages"]
    assert "You check frames of a clip" in system["content"]
    assert "Leave `faces` empty" in system["content"]
    assert "Frame 3 of the clip to check:" in [part.get("text") for part in user["content"]]


@pytest.mark.parametrize(
    ("scenario", "found"),
    [
        ("unfit", {"fits": False, "missing": ["등대"], "why": "등대가 없다.", "faces": SAME}),
        (
            "other_face",
            {"fits": True, "faces": [{"name": one["name"], "same": False} for one in SAME]},
        ),
        ("unseen_face", {"faces": [{"name": one["name"], "same": None} for one in SAME]}),
        (
            "bare_findings",
            {
                "fits": True,
                "missing": [],
                "why": "",
                "faces": [{"name": one["name"], "same": None} for one in SAME],
            },
        ),
        *((odd, {"fits": True, "faces": SAME}) for odd in ("prose", "thought", "fenced", "within")),
        *((odd, {"fits": True}) for odd in ("parts", "tool_call", "prose_after")),
    ],
)
def test_answers(scenario: str, found: dict[str, Any], llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(CHECK)
    assert (call.state, call.attempt_no, llm.fake.paid) == ("settled", 1, 1)
    assert call.result is not None
    assert {name: call.result[name] for name in found} == found


@pytest.mark.parametrize("scenario", ["no_fits", "null_answer", "words", "cut", "no_choice"])
def test_answer_without_findings_is_asked_for_again_and_paid(scenario: str, llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(CHECK)
    assert (call.state, call.attempt_no, llm.fake.paid) == ("settled", 2, 2)
    total = sum(row.cost or 0 for row in ProviderCall.objects.all())
    assert 0 <= total - llm.fake.charged < Decimal("0.0002")
    assert "could not be used" in llm.fake.asked[1].json["messages"][2]["content"]


@pytest.mark.parametrize(("scenario", "paid"), [("refused", 1), ("filtered", 1), ("policy", 0)])
def test_refusal(scenario: str, paid: int, llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(CHECK)
    assert (call.state, call.refusal, llm.fake.paid) == ("refused", "moderated", paid)
    assert bool(call.cost) is bool(paid)


@pytest.mark.parametrize("scenario", ["drop", "slow", "half"])
def test_lost_answer_is_unclear_and_not_sent_again(scenario: str, llm: Real) -> None:
    llm.expect(scenario)
    assert llm.finish(CHECK).state == "unclear"
    assert llm.finish(CHECK).state == "unclear"
    assert (llm.fake.paid, sum(llm.fake.posts.values())) == (1, 1)


def test_model_that_sees_nothing_is_sent_nothing(llm: Real) -> None:
    for capabilities in ({}, {"vision": False}, {"vision": "yes"}):
        ProviderModel.objects.filter(provider="llm").update(capabilities=capabilities)
        assert model_that_sees(llm.config) is None
        with pytest.raises(Refused, match="does not look at pictures"):
            require_possible(llm.config, CHECK)
        with pytest.raises(Refused, match="does not look at pictures"):
            llm.go(CHECK)
    assert llm.fake.asked == []


def test_other_providers_refuse_it_in_words(llm: Real) -> None:
    AIProviderConfig.objects.filter(provider="local").update(is_active=True)
    with pytest.raises(Refused, match="does not look at pictures"):
        require_possible(AIProviderConfig.objects.get(provider="local"), CHECK)
    with pytest.raises(Refused, match="does not look at pictures"):
        Real("local", llm.fake).go(CHECK)


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ([], "no picture to check"),
        ([CHECK.pictures[1]], "no picture to check"),
        ([CHECK.pictures[0]] * 7, "At most 6 pictures"),
    ],
)
def test_number_of_pictures(pictures: list[ShownPicture], words: str, llm: Real) -> None:
    with pytest.raises(Refused, match=words):
        llm.go(msgspec.structs.replace(CHECK, pictures=pictures))
    assert llm.fake.asked == []


def test_picture_that_is_too_large_is_not_sent(llm: Real) -> None:
    large = put_picture("large.jpg", b"\xff\xd8\xff" + bytes(1024 * 1024))
    with pytest.raises(Refused, match="too large"):
        llm.go(msgspec.structs.replace(CHECK, pictures=[ShownPicture("picture", large)]))
    assert (llm.fake.asked, ProviderCall.objects.get().state) == ([], "refused")


def test_model_that_sees_is_the_usual_one_or_the_first(llm: Real) -> None:
    usual = model_that_sees(llm.config)
    assert usual is not None
    assert usual.name == "planner-1"
    for name in ("b", "a"):
        ProviderModel.objects.create(
            provider_id="llm", name=name, kind="text", unit="call", capabilities={"vision": True}
        )
    ProviderModel.objects.filter(name="planner-1").update(capabilities={})
    first = model_that_sees(llm.config)
    assert first is not None
    assert first.name == "a"
    ProviderModel.objects.filter(name="a").update(is_active=False)
    second = model_that_sees(llm.config)
    assert second is not None
    assert second.name == "b"


def test_official_client_sends_the_same(llm: Real) -> None:
    llm.finish(CHECK)
    ours = llm.fake.asked[0]
    with OpenAI(api_key=Llm.key, base_url=f"{llm.fake.url}/v1", max_retries=0) as client:
        completion = client.chat.completions.create(**ours.json)
    assert json.loads(completion.choices[0].message.content or "")["fits"] is True
    assert llm.fake.asked[-1].json == ours.json


@pytest.mark.skipif(
    specs("openai-chat-subset-2026-08-21.json") is None,
    reason="the official specification does not lie here",
)
def test_official_specification_accepts_what_is_sent(llm: Real) -> None:
    import jsonschema

    path = specs("openai-chat-subset-2026-08-21.json")
    assert path
    document = json.loads(path.read_text())
    llm.finish(CHECK)
    schema = document["paths"]["/chat/completions"]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(
        llm.fake.asked[0].json
    )
