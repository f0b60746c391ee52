"""A person changes what a take is made from while its job is on its way to the provider: what is
out of date is not bought, and the job begins again with what there is now.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from jobs.models import Job
from jobs.runner import run_due
from providers.adapters import Accepted, Bytes, Result
from providers.calls import reserving, sending
from providers.enums import Kind
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import from_json
from stories.models import Line, Scene, SheetTake, SoundTake, Story, StorySound, Take
from stories.services import cast, scenes, sheets, sound, takes
from stories.services.fingerprints import is_stale
from stories.services.generation import generate_sound
from stories.services.plan import plan_generation
from stories.services.sheet_generation import generate_sheet
from stories.services.sound_plan import plan_sound
from tests.pictures import picture
from tests.stories.factories import first_look, make_scene, make_story, make_take
from tests.stories.speaking import tone
from tests.stories.starts import make_takes, put_into_english

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.03")
KINDS = ("image", "clip", "speech", "music", "sheet", "english")
# Before the reservation, between it and the sending, and right before the bytes are sent.
POINTS = ("before reserving", "reserved", "sending")


class Piece(NamedTuple):
    """A piece of work: how it is ordered, how a person changes it, and what was bought of it.

    `is_current` tells whether the result was made from what there is now.
    """

    order: Callable[[], object]
    change: Callable[[], object]
    is_current: Callable[[], bool]


@pytest.fixture
def story(owner, paid):
    for kind in (Kind.SPEECH, Kind.MUSIC):
        paid.models.create(kind=kind, name=f"a {kind}", is_default=True, price=PRICE, unit="call")
    AIProviderConfig.objects.filter(pk=paid.pk).update(
        cost_per_text_call=PRICE, cost_per_second_video=PRICE / 7
    )
    names = ("planner_provider", "image_provider", "clip_provider")
    return make_story(owner, status="previewing", **dict.fromkeys(names, "paid"))


@pytest.fixture
def piece(request, story, owner, script, monkeypatch):
    script.submit = [answer(request.param)]
    monkeypatch.setattr("providers.ingest._clip", lambda file, **_: as_clip(file))
    return PIECES[request.param](story, owner)


def answer(kind):
    if kind == "english":
        return Result(data={"text": "a station"}, cost=PRICE)
    content = tone(800, 220) if kind in {"speech", "music"} else picture()
    return Result(media=Bytes(content, trusted=True), cost=PRICE)


def as_clip(file):
    from providers.store import save

    stored = save(file, "mp4")
    return stored, stored, {"mime": "video/mp4", "width": 1280, "height": 720, "duration_ms": 7000}


def a_picture(story, owner):
    scene = make_scene(story)
    return Piece(
        lambda: make_takes(scene.pk, "image", actor=owner),
        lambda: scenes.edit(scene.pk, actor=owner, text="a boat at dusk"),
        lambda: not is_stale(story, Scene.objects.get(pk=scene.pk), Take.objects.get()),
    )


def a_clip(story, owner):
    scene = make_scene(story)
    make_take(scene)
    other = make_take(scene, chosen=False, content=picture("red"))
    return Piece(
        lambda: make_takes(scene.pk, "clip", actor=owner),
        lambda: takes.select_take(other.pk, actor=owner),
        lambda: not is_stale(story, Scene.objects.get(pk=scene.pk), Take.objects.get(kind="clip")),
    )


def sounding(story, owner):
    make_scene(story, narration="The boat leaves.")
    sound.set_voice(story.pk, actor=owner, provider="paid", voice="anna")
    sound.change_settings(story.pk, actor=owner, music_provider="paid", mood="calm")


def state_of(story, kind):
    (item,) = [item for item in plan_sound(story).items if item.kind == kind]
    return item.state


def a_line(story, owner):
    sounding(story, owner)
    line = Line.objects.get()
    return Piece(
        lambda: generate_sound(story.pk, actor=owner, lines=[line.pk]),
        lambda: sound.set_voice(story.pk, actor=owner, voice="ben"),
        lambda: state_of(story, "speech") == "done",
    )


def music(story, owner):
    sounding(story, owner)
    return Piece(
        lambda: generate_sound(story.pk, actor=owner, lines=[], music=True),
        lambda: sound.change_settings(story.pk, actor=owner, mood="tense"),
        lambda: state_of(story, "music") == "done",
    )


def a_sheet(story, owner):
    member = cast.create_member(story.pk, actor=owner, name="Haru", description="a girl in red")
    look = first_look(member)

    def is_current():
        look.refresh_from_db()
        look.member.refresh_from_db()
        wanted = sheets.sheet_hash(sheets.sheet_request(story, look, model=""))
        return SheetTake.objects.get().input_hash == wanted

    return Piece(
        lambda: generate_sheet(look.pk, actor=owner),
        lambda: cast.edit_member(member.pk, actor=owner, description="a girl in blue"),
        is_current,
    )


def in_english(story, owner):
    scene = make_scene(story, text="밤바다의 등대")
    return Piece(
        lambda: put_into_english(story.pk, actor=owner),
        lambda: scenes.edit(scene.pk, actor=owner, text="기차역"),
        lambda: Scene.objects.get().prompt.text_en == "a station",
    )


PIECES = dict(zip(KINDS, (a_picture, a_clip, a_line, music, a_sheet, in_english), strict=True))


def when(point: str, change: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a person do something, once, when the sender has come to this point."""
    left = [change]

    def hit(name: str) -> None:
        if name == point and left:
            left.pop()()

    for module in (reserving, sending):
        monkeypatch.setattr(module, "hit", hit)


def books():
    rows = ProviderCall.objects.order_by("attempt_no")
    return list(rows.values_list("state", "refusal", "cost"))


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("piece", KINDS, indirect=True)
def test_what_is_out_of_date_is_not_bought(piece, point, script, monkeypatch):
    piece.order()
    when(point, piece.change, monkeypatch)
    run_due()
    released = [] if point == "before reserving" else [("refused", "cancelled", Decimal(0))]
    assert books() == [*released, ("settled", "", PRICE)]
    assert (len(script.submitted), piece.is_current()) == (1, True)
    call = ProviderCall.objects.latest("attempt_no")
    assert from_json(call.request) == script.submitted[0]
    assert Job.objects.get(item=call.item).status == "succeeded"
    for call in ProviderCall.objects.filter(state="refused"):
        assert str(call.note) == "What it is made from has changed; it begins again."


@pytest.mark.parametrize("piece", KINDS, indirect=True)
@pytest.mark.moderate
def test_what_changes_before_a_worker_comes_is_bought_as_it_is_then(piece, script):
    piece.order()
    piece.change()
    run_due()
    assert (books(), piece.is_current()) == ([("settled", "", PRICE)], True)


@pytest.mark.parametrize("piece", KINDS, indirect=True)
@pytest.mark.moderate
def test_what_changes_after_it_was_sent_is_completed_as_it_was_asked_for(
    piece, script, monkeypatch
):
    piece.order()
    when("answered", piece.change, monkeypatch)
    run_due()
    assert (books(), piece.is_current()) == ([("settled", "", PRICE)], False)


@pytest.mark.parametrize("piece", ["image", "clip", "sheet"], indirect=True)
@pytest.mark.moderate
def test_what_changes_while_the_provider_works_is_completed(piece, request, script):
    (made,) = script.submit
    script.submit, script.poll = [Accepted("task", poll_in=0)], [made]
    piece.order()
    run_due(limit=1)
    piece.change()
    Job.objects.filter(status="waiting").update(status="queued", wait_for="")
    run_due()
    assert (books(), piece.is_current()) == ([("settled", "", PRICE)], False)


@pytest.mark.parametrize("point", POINTS)
def test_another_provider_of_a_voice_is_asked_at_the_confirmed_price(
    point, story, owner, script, monkeypatch
):
    """The new voice may cost more than a person has confirmed: it asks, and has bought nothing."""
    script.submit = [answer("speech")]
    dear = AIProviderConfig.objects.get(provider="local")
    dear.models.create(kind="speech", name="dear", is_default=True, price=5, unit="call")
    piece = a_line(story, owner)
    piece.order()
    when(point, lambda: sound.set_voice(story.pk, actor=owner, provider="local"), monkeypatch)
    run_due()
    released = [] if point == "before reserving" else [("refused", "cancelled", Decimal(0))]
    assert (books(), script.submitted, SoundTake.objects.count()) == (released, [], 0)
    job = Job.objects.get()
    assert (job.status, job.wait_for) == ("waiting", "person")
    assert str(job.note)[:41] == "It costs 5.00 USD now, and 0.03 USD was c"


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda story: StorySound.objects.filter(story=story).update(enabled=False), "not_wanted"),
        (lambda story: Line.objects.filter(scene__story=story).delete(), "not_wanted"),
        (lambda story: Story.objects.filter(pk=story.pk).delete(), "story_gone"),
    ],
    ids=["sound off", "line deleted", "story deleted"],
)
def test_what_the_film_no_longer_uses_is_not_bought(
    point, change, code, story, owner, script, monkeypatch
):
    script.submit = [answer("speech")]
    piece = a_line(story, owner)
    piece.order()
    when(point, lambda: change(story), monkeypatch)
    run_due()
    released = [] if point == "before reserving" else [("refused", "cancelled", Decimal(0))]
    assert (books(), script.submitted) == (released, [])
    job = Job.objects.get()
    assert (job.status, job.error["code"]) == ("failed", code)


@pytest.mark.parametrize("point", POINTS)
def test_english_that_a_person_writes_meanwhile_is_not_bought(
    point, story, owner, script, monkeypatch
):
    script.submit = [answer("english")]
    scene = make_scene(story, text="밤바다의 등대")
    put_into_english(story.pk, actor=owner)
    when(point, lambda: scenes.edit(scene.pk, actor=owner, text_en="my own words"), monkeypatch)
    run_due()
    released = [] if point == "before reserving" else [("refused", "cancelled", Decimal(0))]
    assert (books(), script.submitted) == (released, [])
    assert Scene.objects.get().prompt.text_en == "my own words"
    job = Job.objects.get()
    assert (job.status, job.result["result"]["metadata"]["written"]) == ("succeeded", False)


@pytest.mark.moderate
def test_inputs_that_change_at_every_look_wait_a_moment(story, owner, script, monkeypatch):
    scene = make_scene(story)
    numbers = iter(range(100))

    def hit(name: str) -> None:
        if name == "sending":
            scenes.edit(scene.pk, actor=owner, text=f"a boat, {next(numbers)}")

    make_takes(scene.pk, "image", actor=owner)
    with monkeypatch.context() as patch:
        for module in (reserving, sending):
            patch.setattr(module, "hit", hit)
        run_due(limit=1)
    assert (books(), script.submitted) == ([("refused", "cancelled", Decimal(0))] * 5, [])
    job = Job.objects.get()
    assert (job.status, job.wait_for, job.attempts) == ("waiting", "time", 0)
    Job.objects.filter(pk=job.pk).update(status="queued", wait_for="")
    run_due()
    assert books()[5:] == [("settled", "", PRICE)]
    assert [item.state for item in plan_generation(story, "image").items] == ["done"]
