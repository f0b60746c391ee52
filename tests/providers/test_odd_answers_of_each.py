"""What the oddest answers of each provider become: the state of the call, what the ledger counts,
what a person reads, and that nothing is bought twice.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.http import http_date

from providers import client, ledger
from providers.calls import sending
from providers.errors import Invalid, NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import ImageRequest, Request, SpeechRequest
from providers.services.raw_answers import recover
from tests.fakes import media, supertone, typecast
from tests.fakes.server import Asked, Fake, Reply
from tests.providers.conftest import Clock
from tests.providers.connected import connect
from tests.providers.real import IMAGE, KEYS, Real

HTML = b"<html><title>Sign in</title>Welcome to the network of the hotel</html>"
# In paths and answers: the task's name, the result's address, the workflow's output.
TASK, FILE, OUTPUT = "{task}", "{file}", "{output}"


@dataclass(frozen=True)
class Way:
    """How work goes at a provider: where it is ordered, and which answers say that it is accepted,
    that it runs, and that it is done.
    """

    name: str
    submit: str
    request: Request = IMAGE
    price: str = "0.003"
    accepted: Any = None
    poll: str = ""  # where its state is asked; empty: the answer is the result
    runs: Any = None
    # What is answered where when it is done, with these addresses of files (a list, or nothing).
    done: Callable[[Any], dict[str, Any]] = lambda _files: {}
    more: dict[str, Any] = field(default_factory=dict)  # other paths that are asked
    inside: Callable[[str], Any] | None = None  # an answer that holds the result in base64


def comfyui_done(files: Any) -> Any:
    made = files and [{"filename": "a.png", "type": "output"} for _ in files]
    status = {"status_str": "success", "completed": True, "messages": []}
    return {TASK: {"outputs": {OUTPUT: {"images": made}}, "status": status}}


WAYS: dict[str, Way] = {
    "runway_ml": Way(
        "Runway",
        "/v1/text_to_image",
        accepted={"id": TASK, "estimatedCost": {"credits": 5}},
        poll=f"/v1/tasks/{TASK}",
        runs={"id": TASK, "status": "RUNNING"},
        done=lambda files: {
            f"/v1/tasks/{TASK}": {
                "id": TASK,
                "status": "SUCCEEDED",
                "output": files,
                "cost": {"credits": 5},
            }
        },
        more={"/v1/organization": {"creditBalance": 100}},
        price="0.05",
    ),
    "replicate": Way(
        "Replicate",
        "/models/black-forest-labs/flux-schnell/predictions",
        accepted={"id": TASK, "status": "starting"},
        poll=f"/predictions/{TASK}",
        runs={"id": TASK, "status": "processing"},
        done=lambda files: {
            f"/predictions/{TASK}": {"id": TASK, "status": "succeeded", "output": files}
        },
    ),
    "fal": Way(
        "fal",
        "/fal-ai/flux/schnell",
        accepted={"request_id": TASK},
        poll=f"/fal-ai/flux/requests/{TASK}/status",
        runs={"status": "IN_PROGRESS"},
        done=lambda files: {
            f"/fal-ai/flux/requests/{TASK}/status": {"status": "COMPLETED"},
            f"/fal-ai/flux/requests/{TASK}": {
                "images": files and [{"url": file} for file in files],
                "seed": None,
            },
        },
    ),
    "comfyui": Way(
        "Studio comfyui",
        "/prompt",
        accepted={"prompt_id": TASK},
        poll=f"/history/{TASK}",
        runs={},
        done=lambda files: {f"/history/{TASK}": comfyui_done(files)},
        more={"/queue": {"queue_running": [[0, TASK]], "queue_pending": []}},
        price="0.10",
    ),
    "stability_ai": Way(
        "Stability AI",
        "/v2beta/stable-image/generate/core",
        ImageRequest(prompt="등대", prompt_en="a lighthouse", seed=7, model="core"),
        inside=lambda text: {"image": text, "finish_reason": "SUCCESS", "seed": 7},
        price="0.03",
    ),
    "openai_images": Way(
        "Pictures openai_images",
        "/images/generations",
        inside=lambda text: {"data": [{"b64_json": text}]},
        price="0.04",
    ),
    "elevenlabs": Way(
        "ElevenLabs",
        "/v1/text-to-speech/voice_0001/with-timestamps",
        SpeechRequest(text="바다", language="ko", voice="voice_0001"),
        inside=lambda text: {"audio_base64": text},
        price="0.0002",
        more={"/v1/history": {"history": []}},
    ),
    "typecast": Way(
        "Typecast",
        "/v1/text-to-speech/with-timestamps",
        SpeechRequest(text="바다", language="ko", voice=typecast.VOICE),
        inside=lambda text: {"audio": text},
        price="0.0001",
    ),
    "openai_speech": Way(
        "OpenAI",
        "/audio/speech",
        SpeechRequest(text="바다", language="ko"),
        price="0.0004",
    ),
    "supertone": Way(
        "Supertone",
        f"/v1/text-to-speech/{supertone.VOICE}",
        SpeechRequest(text="바다", language="ko", voice=supertone.VOICE),
        price="0.0027",
    ),
}
POLLED = sorted(name for name, way in WAYS.items() if way.poll)
SUBMITS = {way.submit for way in WAYS.values()}


class Odd(Fake):
    """Answers each path with the reply that the test puts there."""

    key = "key_0123456789"
    own = False
    routes = [("GET", ".*", "any"), ("POST", ".*", "any")]

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {}
        self.then: dict[str, Reply] = {}  # what is answered after that

    @property
    def base(self) -> str:
        return self.url

    def is_paid(self, asked: Asked) -> bool:
        return asked.path in SUBMITS

    def any(self, asked: Asked) -> Reply:
        reply = self.replies.get(asked.path, Reply(404, {"detail": "Not found"}))
        self.replies |= {asked.path: self.then.pop(asked.path, reply)}
        return reply


type End = tuple[str, str, str, Decimal]  # state, refusal, words for people, counted amount


@dataclass
class One(Real):
    """A provider before a server that answers oddly, row after row of a table."""

    way: Way = WAYS["runway_ml"]
    rows: int = 0

    def put(self, path: str, told: Any) -> None:
        """What is answered there: a reply, or the JSON of one."""
        assert isinstance(self.fake, Odd)
        if not isinstance(told, Reply):
            told = Reply(200, self.filled(json.dumps(told)).encode())
        self.fake.replies[self.filled(path)] = told

    def filled(self, text: str) -> str:
        row = self.config.models.filter(kind="image").first()
        output = str(row.options.get("output", "")) if row else ""
        task = f"{self.rows:08d}-0000-4000-8000-000000000000"
        found = text.replace(TASK, task).replace(FILE, f"{self.fake.url}/file.png")
        return found.replace(OUTPUT, output)

    def next_row(self, told: Any) -> None:
        """Other work, whose order is answered so. Nothing of the row before is left."""
        self.rows += 1
        AIProviderConfig.objects.update(is_paused=False, not_before=None)
        for path, answer in self.way.more.items():
            self.put(path, answer)
        self.put(self.way.submit, told)
        if self.way.poll:
            self.put(self.way.poll, self.way.runs)

    @property
    def key(self) -> str:
        return f"row{self.rows}"

    def step(self) -> ProviderCall:
        try:
            self.go(self.way.request, self.key)
        except (NotNow, Refused, Unclear):
            pass
        return ProviderCall.objects.filter(key=self.key).latest("attempt_no")

    def end(self) -> End:
        """How it has ended. It was sent once and is not sent again by itself, and the ledger counts
        what the call does.
        """
        call = self.finish(self.way.request, self.key)
        assert len(self.fake.orders) == self.rows
        if call.state == "unclear":
            with pytest.raises(Unclear):
                self.go(self.way.request, self.key)
            assert len(self.fake.orders) == self.rows
        counted = (call.cost or Decimal(0)) if call.state == "refused" else call.counted
        assert sum(one.counted for one in self.ended()) == ledger.totals().counted
        return call.state, call.refusal, str(call.note), counted

    def ended(self) -> list[ledger.Totals]:
        return [ledger.totals(item=f"row{row + 1}") for row in range(self.rows)]


@pytest.fixture
def one(
    request: pytest.FixtureRequest, db: None, settings: Any, clock: Clock, admin_user: User
) -> Iterator[One]:
    provider = request.getfixturevalue("provider")
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = dict.fromkeys(KEYS, Odd.key)
    with Odd() as odd:
        connect(provider, odd, admin_user)
        yield One(provider, odd, clock, WAYS[provider])


# --- answers to an order

SAID = {"error": "x", "detail": "x", "errors": ["x"], "message": "x"}
UNREADABLE: dict[str, Any] = {
    "a page": Reply(200, HTML),
    "half of an object": Reply(
        200, b'{"id": "t", "request_id": "t", "prompt_id": "t", "image": "iV'
    ),
    "nothing in it": {},
    "nulls": dict.fromkeys(("id", "request_id", "prompt_id", "image", "data", "audio_base64")),
    "a list": [],
    "empty": Reply(200, b""),
    "a file that is none": {"image": "AAAA", "audio": "=", "audio_base64": "=", "data": [{}]},
}
WORDS = {  # of a limit and of an empty account, where they are not as at most providers
    "runway_ml": ("Runway's limit for today is used up: x", "The account at Runway is empty: x"),
    "fal": ("Too many calls for fal: x; x; x", "The account at fal is empty or locked: x; x; x"),
    "elevenlabs": (
        "Too many calls for ElevenLabs: x",
        "The account at ElevenLabs has no credits left: x",
    ),
}
EMPTY = "The provider sent a sound in which nothing can be heard."
NO_PICTURE = (
    "What the provider sent is not a picture that can be read: The file is not a picture that can "
    "be read: PNG, JPEG, WebP, AVIF, HEIC and GIF are."
)


@pytest.mark.parametrize("provider", sorted(WAYS))
@pytest.mark.moderate
def test_order_that_is_answered_oddly(provider: str, one: One) -> None:
    found: dict[str, End] = {}
    for name, told in UNREADABLE.items():
        one.next_row(told)
        found[name] = one.end()
    for name, status in (("a limit", 429), ("no money", 402)):
        one.next_row(Reply(status, SAID))
        found[name] = one.end()
        assert (one.config.is_paused, one.config.not_before is not None) == (
            status == 402,
            status == 429,
        )
    price = Decimal(one.way.price)
    unreadable = f"{one.way.name} answered HTTP 200 with something that cannot be read."
    expected: dict[str, End] = dict.fromkeys(UNREADABLE, ("unclear", "", unreadable, price))
    if provider in {"openai_speech", "supertone"}:  # the answer is the sound
        expected["empty"] = ("refused", "failed", EMPTY, price)
    if provider == "stability_ai":
        expected["a file that is none"] = ("unclear", "", NO_PICTURE, price)
    limit, empty = WORDS.get(
        provider,
        (f"Too many calls for {one.way.name}: x", f"The account at {one.way.name} is empty: x"),
    )
    expected["a limit"] = ("refused", "limit", limit, Decimal(0))
    expected["no money"] = ("refused", "credits", empty, Decimal(0))
    assert found == expected


@pytest.mark.parametrize("provider", sorted(WAYS))
def test_date_until_which_a_provider_wants_to_be_left_alone(provider: str, one: One) -> None:
    until = timezone.now() + timedelta(seconds=600)
    one.next_row(Reply(429, SAID, {"Retry-After": http_date(until.timestamp())}))
    one.step()
    wait = one.config.not_before
    assert wait is not None
    assert abs(wait - until) <= timedelta(seconds=2)


# What each provider says of content that it refuses, and what it counts.
CONTENT: dict[str, tuple[Reply, str, str]] = {
    "runway_ml": (
        Reply(
            200,
            {
                "id": "t",
                "status": "FAILED",
                "failure": "It was flagged.",
                "failureCode": "SAFETY.INPUT.TEXT",
                "cost": {"credits": 5},
            },
        ),
        (
            "Runway refused the content; change the words or the picture. It says: It was flagged. "
            "(SAFETY.INPUT.TEXT)"
        ),
        "0.05",
    ),
    "replicate": (
        Reply(200, {"id": "t", "status": "failed", "error": "NSFW content detected. (E005)"}),
        (
            "Replicate's model refused the content; change the words of the prompt. It says: NSFW "
            "content detected. (E005)"
        ),
        "0",
    ),
    "fal": (
        Reply(422, {"detail": [{"msg": "It was flagged.", "type": "content_policy_violation"}]}),
        "fal's model refused the content; change the words of the prompt. It says: It was flagged.",
        "0.003",
    ),
    "stability_ai": (
        Reply(403, {"name": "content_moderation", "errors": ["It was flagged."]}),
        (
            "Stability AI refused the content; change the words of the prompt. It says: It was "
            "flagged."
        ),
        "0",
    ),
    "openai_images": (
        Reply(400, {"error": {"message": "Rejected by our safety system.", "code": None}}),
        (
            "Pictures openai_images refused the content; change the words. It says: Rejected by "
            "our safety system."
        ),
        "0",
    ),
    "openai_speech": (
        Reply(400, {"error": {"message": "Flagged.", "code": "content_policy_violation"}}),
        "OpenAI refused the content; change the words. It says: Flagged.",
        "0",
    ),
    "elevenlabs": (
        Reply(400, {"detail": {"status": "content_against_policy", "message": "Flagged."}}),
        "ElevenLabs refused the content; change the words. It says: Flagged.",
        "0",
    ),
}


@pytest.mark.parametrize("provider", sorted(CONTENT))
def test_refused_content_in_the_words_of_each(provider: str, one: One) -> None:
    told, words, counted = CONTENT[provider]
    if provider not in POLLED:
        one.next_row(told)
    else:
        one.next_row(one.way.accepted)
        for path, answer in one.way.done([]).items():
            one.put(path, answer)
        one.put(list(one.way.done([]))[-1], told)
    assert one.end() == ("refused", "moderated", words, Decimal(counted))
    assert not one.config.is_paused


# --- answers that hold a result

SOUND = media.sound(0.4, "wav")
LENGTHS = ["-3", "0", "many", "NaN", "1e300", "9" * 30]


@pytest.mark.parametrize("provider", ["elevenlabs", "supertone"])
@pytest.mark.moderate
def test_cost_that_cannot_be_is_the_one_that_was_reserved(provider: str, one: One) -> None:
    content = base64.b64encode(SOUND).decode()
    body = {"audio_base64": content} if provider == "elevenlabs" else SOUND
    found = {}
    for told in LENGTHS:
        one.next_row(Reply(200, body, {"X-Audio-Length": told, "character-cost": told}))
        found[told] = one.end()
    expected = dict.fromkeys(LENGTHS, ("settled", "", "", Decimal(one.way.price)))
    if provider == "elevenlabs":  # what it has made may be free
        expected["0"] = ("settled", "", "", Decimal(0))
    assert found == expected


@pytest.mark.parametrize("provider", ["runway_ml"])
@pytest.mark.moderate
def test_cost_of_a_task_that_cannot_be_is_the_one_that_was_quoted(provider: str, one: One) -> None:
    one.put("/file.png", Reply(200, media.picture(64, 64)))
    for told in (-5, "many", "NaN", 1e300, None, [], {"usd": 1}):
        one.next_row(one.way.accepted)
        (path,), (answer,) = zip(*one.way.done([FILE]).items(), strict=True)
        one.put(path, answer | {"cost": {"credits": told}})
        assert one.end() == ("settled", "", "", Decimal("0.05")), told


@pytest.mark.parametrize("provider", ["elevenlabs", "typecast"])
@pytest.mark.moderate
def test_times_of_words_that_cannot_be_are_none(provider: str, one: One) -> None:
    content = base64.b64encode(SOUND).decode()
    for seconds in (1e306, -1e306, 1e30, "soon", None, -1):
        times = {
            "characters": ["바"],
            "character_start_times_seconds": [0],
            "character_end_times_seconds": [seconds],
        }
        words = [{"text": "바다", "start": 0, "end": seconds}]
        one.next_row(
            {"audio_base64": content, "audio": content, "alignment": times, "words": words}
        )
        assert one.end() == ("settled", "", "", Decimal(one.way.price)), seconds
        result = ProviderCall.objects.get(key=one.key).result
        assert result is not None
        assert result["marks"] == [], seconds


@pytest.mark.parametrize("provider", ["openai_images"])
@pytest.mark.parametrize(
    ("file", "words"),
    [
        (Reply(404), "The link to the result has expired (HTTP 404); a new one is asked for."),
        (Reply(503), "The result could not be fetched at the moment (HTTP 503)."),
        (Reply(200, HTML), "The result could not be fetched at the moment (text)."),
        (Reply(200, b"ID3" + bytes(3000)), NO_PICTURE),
    ],
)
def test_linked_picture_that_cannot_be_fetched_is_fetched_when_a_person_says_so(
    provider: str,
    file: Reply,
    words: str,
    one: One,
    admin_user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "FETCH_PAUSES", (0, 0))
    one.next_row({"data": [{"url": FILE}]})
    one.put("/file.png", file)
    assert one.end() == ("unclear", "", words, Decimal("0.04"))
    call = ProviderCall.objects.get()
    with pytest.raises(Invalid):
        recover(call, actor=admin_user, reason="try once more")
    one.put("/file.png", Reply(200, media.picture(64, 64)))
    if call.raw_answer.size < 200:  # the address; else the file itself was kept
        recover(call, actor=admin_user, reason="try once more")
        assert one.end() == (
            "settled",
            "",
            "A person had the kept answer read once more.",
            Decimal("0.04"),
        )
    assert len(one.fake.orders) == 1


@pytest.mark.parametrize("provider", ["openai_images"])
def test_linked_picture_is_fetched_again_by_itself_at_once(
    provider: str, one: One, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "FETCH_PAUSES", (0,))
    one.next_row({"data": [{"url": FILE}]})
    one.put("/file.png", Reply(503))
    assert isinstance(one.fake, Odd)
    one.fake.then["/file.png"] = Reply(200, media.picture(64, 64))
    assert one.end() == ("settled", "", "", Decimal("0.04"))


@pytest.mark.parametrize("provider", sorted(set(WAYS) - {"comfyui"}))
def test_answer_that_is_too_large_is_unclear(
    provider: str, one: One, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_RESPONSE_BYTES", 100_000)
    one.next_row(Reply(200, b"{" + b" " * 200_000))
    words = (
        f"The answer of {one.way.name} was too large or took too long; it may have been done and "
        "paid."
    )
    assert one.end() == ("unclear", "", words, Decimal(one.way.price))


# --- answers to a question about accepted work


def of_status(status: Any, code: int = 200, **headers: str) -> Callable[[One], None]:
    return lambda one: one.put(one.way.poll, Reply(code, status, headers))


def done(files: Any, file: Reply | None = None) -> Callable[[One], None]:
    def put(one: One) -> None:
        for path, told in one.way.done(files).items():
            one.put(path, told)
        if file is not None:
            one.put("/file.png", file)
            one.put("/view", file)

    return put


ASKED: dict[str, Callable[[One], None]] = {
    "a page": of_status(HTML),
    "half of an object": of_status(b'{"status": "COMPLE'),
    "nulls": of_status({"id": None, "status": None}),
    "a state that nobody knows": of_status({"id": "t", "status": "DREAMING"}),
    "no money": of_status(SAID, 402),
    "a limit": of_status(SAID, 429, **{"Retry-After": "600"}),
    "gone": of_status(SAID, 410),
    "too large": of_status(b" " * 3_000_000),
    "no files": done([]),
    "null for files": done(None),
    "a file of nobody": done(["https://evil.example/a.png"]),
    "a file inside": done(["http://169.254.169.254/latest/meta-data"]),
    "a file on this machine": done(["file:///etc/passwd"]),
    "a file that is gone": done([FILE], Reply(404)),
    "a page for a file": done([FILE], Reply(200, HTML)),
    "a sound for a picture": done([FILE], Reply(200, b"ID3" + bytes(3000))),
    "an empty file": done([FILE], Reply(200, b"")),
}


@pytest.mark.parametrize("provider", POLLED)
@pytest.mark.moderate
def test_question_that_is_answered_oddly(
    provider: str, one: One, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_RESPONSE_BYTES", 2_000_000)
    found: dict[str, Any] = {}
    for name, told in ASKED.items():
        one.next_row(one.way.accepted)
        assert one.step().state == "accepted"
        told(one)
        first = one.step()
        for _ in range(4):
            clock.forward(minutes=20)
            last = one.step()
        found[name] = [(call.state, str(call.note)) for call in (first, last)]
    assert len(one.fake.orders) == one.rows
    assert ledger.totals().counted == one.rows * Decimal(one.way.price)
    assert found == expected_of(provider, one)


def expected_of(provider: str, one: One) -> dict[str, list[tuple[str, str]]]:
    """State and words at first, and after more than an hour."""
    name = one.way.name
    about = {
        "comfyui": f"{name} does not tell about the job at the moment: ",
        "fal": "fal does not tell about the request at the moment: ",
        "replicate": "Replicate does not tell about the prediction at the moment: ",
        "runway_ml": "Runway does not tell about the task at the moment: ",
    }[provider]
    page, half = about + HTML.decode(), about + '{"status": "COMPLE'
    nulls = about + '{"id": null, "status": null}'
    said = about + ("x; x; x" if provider == "fal" else "x")
    large = f"The answer of {name} is too large."
    unknown = "The provider says “DREAMING”, which nobody here knows."
    gone = "The link to the result has expired (HTTP 404); a new one is asked for."
    no_link = "The result is done, but for an hour the provider has given no link to it that works."
    no_file = {
        "fal": "The request succeeded, but its result holds no file.",
        "replicate": "The prediction succeeded, but its result holds no file.",
        "runway_ml": "The provider says that it is done and gives no file.",
    }.get(provider, "")
    text = "The result could not be fetched at the moment (text)."
    empty = "The result could not be fetched at the moment (empty)."
    place = "The provider's link leads to a place that is not the provider's: "

    def asked(first: str, last: str = "") -> list[tuple[str, str]]:
        """A person decides after an hour."""
        return [("accepted", first), ("unclear", last or first)]

    expected = {
        "a page": asked(page),
        "half of an object": asked(half),
        "nulls": asked(nulls),
        "a state that nobody knows": asked(unknown),
        "no money": [("accepted", said)] * 2,
        "a limit": [("accepted", said)] * 2,
        "gone": [("accepted", said)] * 2,
        "too large": [("accepted", large)] * 2,
        "no files": [("unclear", no_file)] * 2,
        "null for files": [("unclear", no_file)] * 2,
        "a file of nobody": [("unclear", f"{place}evil.example.")] * 2,
        "a file inside": [("unclear", f"{place}169.254.169.254.")] * 2,
        "a file on this machine": [("unclear", f"{place}file:///etc/passwd.")] * 2,
        "a file that is gone": asked(gone, no_link),
        "a page for a file": [("accepted", text)] * 2,
        "a sound for a picture": asked(NO_PICTURE),
        "an empty file": asked(empty),
    }
    task = f"{7:08d}-0000-4000-8000-000000000000"
    lost = {
        "fal": f"fal does not know the request fal-ai/flux/requests/{task}.",
        "replicate": f"Replicate does not know the prediction {task}.",
        "runway_ml": f"Runway does not know the task {task} any more: it was deleted, and whether "
        "it was charged is not known.",
    }
    if provider in lost:
        expected["gone"] = [("unclear", lost[provider])] * 2
    if provider == "replicate":
        expected["nulls"] = asked(f"{about}HTTP 200")
        removed = (
            "The prediction succeeded, but Replicate has removed its result, as it does after "
        )
        expected["null for files"] = [("unclear", f"{removed}an hour.")] * 2
    if provider == "comfyui":  # its history names no addresses, only files of its own
        expected |= dict.fromkeys(
            ("nulls", "a state that nobody knows"), asked(f"{about}Entry is not an object.")
        )
        made = f"{name} is done, and the workflow's output made no file."
        expected |= dict.fromkeys(("no files", "null for files"), [("refused", made)] * 2)
        expected |= dict.fromkeys(
            ("a file of nobody", "a file inside", "a file on this machine"), asked(gone, no_link)
        )
    return expected
