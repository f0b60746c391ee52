"""Planning by a language model through the call service, before a server that plans, and plans
wrongly on command.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from openai import OpenAI

from providers.errors import NotNow, Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import TextRequest
from tests.fakes.llm import Llm
from tests.providers.conftest import Clock
from tests.providers.real import PLAN, SCRIPT, Real, configure, specs

ENGLISH = TextRequest(task="to_english", script="바닷가의 소녀")


@pytest.fixture
def llm(db: None, settings: Any, clock: Clock) -> Iterator[Real]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"llm": Llm.key}
    with Llm() as fake:
        configure("llm", fake)
        yield Real("llm", fake, clock)


def narrations(call: ProviderCall) -> list[str]:
    assert call.result is not None
    return [scene["narration"] for scene in call.result["scenes"]]


def test_plan(llm: Real) -> None:
    call = llm.finish(PLAN)
    assert (call.state, call.cost_is_estimated, call.model) == ("settled", False, "planner-1")
    assert call.result == {
        "scenes": [
            {
                "title": "장면 1",
                "narration": "새벽에 소녀가 걸었다. 비가 왔다.",
                "prompt": "그림 1",
                "prompt_en": "picture 1",
                "camera": "push_in",
            },
            {
                "title": "장면 2",
                "narration": "등대가 보였다. 할아버지가 웃었다.",
                "prompt": "그림 2",
                "prompt_en": "picture 2",
                "camera": "pan_right",
            },
        ]
    }
    assert (
        0 <= (call.cost or 0) - llm.fake.charged < Decimal("0.0001")
    )  # rounded up to a hundredth of a cent
    body = llm.fake.asked[0].json
    assert (
        body["model"],
        body["max_tokens"],
        [message["role"] for message in body["messages"]],
    ) == ("planner-1", 16000, ["system", "user"])
    assert (
        body["messages"][1]["content"]
        == "1. 새벽에 소녀가 걸었다.\n2. 비가 왔다.\n3. 등대가 보였다.\n4. 할아버지가 웃었다."
    )


@pytest.mark.parametrize("scenes", [1, 3, 4, 7, 12])
def test_no_word_of_the_script_is_lost_or_added(scenes: int, llm: Real) -> None:
    call = llm.finish(TextRequest(task="plan_story", script=SCRIPT, scenes=scenes))
    assert len(narrations(call)) == scenes
    assert "".join("".join(narrations(call)).split()) == "".join(SCRIPT.split())


def test_fenced_answer_is_read(llm: Real) -> None:
    llm.fake.expect("fenced", times=1)
    assert llm.finish(PLAN).state == "settled"
    assert llm.fake.paid == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    ["words", "wrong_type", "too_few", "gap", "overlap", "empty_title", "cut", "no_choice"],
)
def test_wrong_answer_is_asked_for_again_and_each_is_counted(scenario: str, llm: Real) -> None:
    llm.fake.expect(scenario, times=2)
    call = llm.finish(PLAN)
    assert (call.state, call.attempt_no, llm.fake.paid) == ("settled", 3, 3)
    assert list(ProviderCall.objects.order_by("attempt_no").values_list("state", "refusal")) == [
        ("refused", "failed")
    ] * 2 + [("settled", "")]
    total = sum(row.cost or 0 for row in ProviderCall.objects.all())
    assert 0 <= total - llm.fake.charged < Decimal("0.0003")
    complaints = [asked.json["messages"][2:] for asked in llm.fake.asked]
    assert complaints[0] == []
    assert complaints[1][0]["content"].startswith("Your last answer could not be used: ")


def test_third_wrong_answer_is_the_last(llm: Real) -> None:
    llm.fake.expect("too_few")
    for _ in range(2):
        with pytest.raises(Refused, match="exactly 2 are wanted"):
            llm.go(PLAN)
        assert (llm.fake.paid, ProviderCall.objects.count()) == (3, 3)
    llm.fake.calm()
    assert llm.finish(PLAN, request_no=2).state == "settled"


def test_answer_without_usage_costs_what_was_reserved(llm: Real) -> None:
    llm.fake.expect("no_usage", times=1)
    call = llm.finish(PLAN)
    assert (call.cost, call.cost_is_estimated) == (Decimal("0.05"), True)


OUTCOMES = [
    ("http_401", "key", 0),
    ("http_404", "invalid", 0),
    ("http_400", "invalid", 0),
    ("other_error", "invalid", 0),
    ("no_credits", "credits", 0),
    ("limit", "limit", 0),
    ("refused", "moderated", 1),
    ("filtered", "moderated", 1),
]


@pytest.mark.parametrize(("scenario", "refusal", "paid"), OUTCOMES)
def test_refusals(scenario: str, refusal: str, paid: int, llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(PLAN)
    assert (call.state, call.refusal, llm.fake.paid) == ("refused", refusal, paid)
    assert bool(call.cost) is bool(paid)


@pytest.mark.parametrize(
    ("scenario", "paid"),
    [
        ("http_500", 0),
        ("http_408", 0),
        ("html", 0),
        ("drop_before", 0),
        ("drop", 1),
        ("slow", 1),
        ("half", 1),
        ("garbage", 1),
    ],
)
def test_unclear(scenario: str, paid: int, llm: Real) -> None:
    llm.expect(scenario)
    call = llm.finish(PLAN)
    assert (call.state, llm.fake.paid) == ("unclear", paid)
    assert llm.finish(PLAN).state == "unclear"
    assert sum(llm.fake.posts.values()) == 1
    assert call.counted >= llm.fake.charged


def test_translation(llm: Real) -> None:
    call = llm.finish(ENGLISH)
    assert call.result == {"text": "a girl at the sea"}
    assert llm.fake.asked[0].json["messages"][1]["content"] == "바닷가의 소녀"


def test_translation_that_is_not_english_is_asked_for_again(llm: Real) -> None:
    llm.fake.expect("korean", times=1)
    call = llm.finish(ENGLISH)
    assert (call.result, call.attempt_no, llm.fake.paid) == ({"text": "a girl at the sea"}, 2, 2)


def test_without_a_model_nothing_is_sent(llm: Real) -> None:
    from providers.models import ProviderModel

    ProviderModel.objects.filter(provider="llm").delete()
    AIProviderConfig.objects.filter(provider="llm").update(settings={})
    with pytest.raises(Refused, match="Choose a model"):
        llm.go(PLAN)
    assert llm.fake.orders == []


def test_empty_script_is_not_sent(llm: Real) -> None:
    with pytest.raises(Refused, match="The script is empty"):
        llm.go(TextRequest(task="plan_story", script=" ", scenes=1))
    assert llm.fake.orders == []


def test_server_of_one_s_own_without_a_key_over_plain_http(llm: Real, settings: Any) -> None:
    settings.LOOPBACK_PROVIDERS = False
    settings.PROVIDER_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_KEYS = {}
    with pytest.raises(NotNow):  # the fake wants its key; what counts is that it was asked
        llm.go(PLAN)
    assert llm.fake.asked[0].headers["authorization"] == "Bearer none"


def test_check(llm: Real, settings: Any) -> None:
    assert adapter_for(llm.config).check().facts == {"models": "planner-1"}
    settings.PROVIDER_KEYS = {"llm": "wrong"}
    assert adapter_for(llm.config).check().ok is False


def test_official_client_understands_every_answer_and_sends_the_same(llm: Real) -> None:
    llm.finish(PLAN)
    ours = llm.fake.asked[0]
    client = OpenAI(api_key=Llm.key, base_url=f"{llm.fake.url}/v1", max_retries=0)
    completion = client.chat.completions.create(**ours.json)
    assert (
        json.loads(completion.choices[0].message.content or "")["scenes"][0]["camera"] == "push_in"
    )
    theirs = llm.fake.asked[-1]
    assert theirs.json == ours.json
    assert (theirs.headers["authorization"], theirs.headers["content-type"]) == (
        ours.headers["authorization"],
        ours.headers["content-type"],
    )
    assert [model.id for model in client.models.list()] == ["planner-1"]
    client.close()


@pytest.mark.skipif(
    specs("openai-chat-subset-2026-08-21.json") is None,
    reason="the official specification does not lie here",
)
@pytest.mark.parametrize("request_", [PLAN, ENGLISH])
def test_official_specification_accepts_what_is_sent(request_: TextRequest, llm: Real) -> None:
    import jsonschema

    path = specs("openai-chat-subset-2026-08-21.json")
    assert path
    document = json.loads(path.read_text())
    llm.finish(request_)
    schema = document["paths"]["/chat/completions"]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(
        llm.fake.asked[0].json
    )
