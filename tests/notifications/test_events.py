"""What people read of a film that is ready, a halted batch and an approval that is wanted: in the
bell, by e-mail, in a chat and in a digest, in Korean and English, each message once.
"""

from decimal import Decimal

import pytest

from jobs.runner import run_due
from notifications import personal, sending
from notifications.enums import (
    FOR_PROGRAMS,
    Channel,
    DeliveryState,
    Event,
    words_for_programs,
)
from notifications.models import Delivery, Notification
from operations.models import Preference
from stories.models import Approval, Film
from stories.services import notices, unread_notifications
from stories.services.checks import HALTED
from tests.providers.conftest import english
from tests.stories.factories import make_story

__all__ = ["english"]
pytestmark = pytest.mark.django_db(transaction=True)
STUDIO = "https://studio.example.com"
S = DeliveryState

HALTED_EN = (
    "Production of “Sea” waits for you. Halted: the automatic check has doubts about the last 3 "
    "takes. Select or reject one of them to go on."
)
HALTED_KO = (
    "“Sea” 제작이 확인을 기다립니다. 중단: 자동 검사에서 최근 테이크 3개에 이상이 의심됩니다. 그중 "
    "하나를 선택하거나 반려하면 계속합니다."
)
# By event and language: one message, and the first line of a digest.
WORDS = {
    (Event.FILM_READY, "en"): ("Final film 1 of “Sea” is ready.", "A film is ready:"),
    (Event.FILM_READY, "ko"): ("“Sea”의 최종 영상 1 준비가 끝났습니다.", "영상이 준비됨:"),
    (Event.BATCH_HALTED, "en"): (
        HALTED_EN,
        "Production is halted by doubtful takes:",
    ),
    (Event.BATCH_HALTED, "ko"): (
        HALTED_KO,
        "의심되는 테이크로 제작이 멈춤:",
    ),
    (Event.APPROVAL_WANTED, "en"): (
        "colleague asks for your approval of 12.00 USD for “Sea”.",
        "Paid work needs my approval:",
    ),
    (Event.APPROVAL_WANTED, "ko"): (
        "colleague 님이 “Sea”에 12.00 USD 승인을 요청했습니다.",
        "유료 작업에 내 승인이 필요함:",
    ),
}
EVENTS = (Event.FILM_READY, Event.BATCH_HALTED, Event.APPROVAL_WANTED)
both = pytest.mark.parametrize("language", ["en", "ko"])
each = pytest.mark.parametrize("event", EVENTS)


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


@pytest.fixture
def reader(make_person, mail_server, language):
    """A manager, who owns the story and may approve, and reads this language."""
    person = make_person("mina", role="manager")
    Preference.objects.create(user=person, language=language)
    return person


@pytest.fixture
def story(reader):
    return make_story(reader, title="Sea")


def happen(event, story, colleague, *, number=1):
    """What the story's code calls when it happens. Returns the page that it leads to."""
    if event == Event.FILM_READY:
        film = Film.objects.create(
            story=story, kind="final", number=number, file="films/x.mp4", width=1280, height=720,
            fps=24, frames=240, size_bytes=1, manifest={}, manifest_hash=str(number),
        )  # fmt: skip
        notices.film_ready(film)
        return f"{STUDIO}/admin/stories/story/{story.pk}/review/"
    if event == Event.BATCH_HALTED:
        why = notices.LocalizedMessage(HALTED, {"count": 3})
        notices.batch_halted(story, why, key=str(number))
        return f"{STUDIO}/admin/stories/story/{story.pk}/board/"
    approval = Approval.objects.create(
        story=story, kind="image", plan_hash=str(number), provider="paid", total=Decimal(12),
        limit=Decimal(5), asked_by=colleague,
    )  # fmt: skip
    notices.approval_wanted(approval)
    return f"{STUDIO}/admin/stories/approval/{approval.pk}/change/"


def rows(person):
    found = Delivery.objects.filter(notification__recipient=person)
    return sorted(found.values_list("channel", "state"))


def by(person, channel, receiver):
    personal.choose(
        person,
        channels={event: [channel] for event in EVENTS},
        chat_url=f"{receiver.url}/services/T0/B0/token",
    )


@each
@both
def test_bell(event, language, reader, story, colleague):
    happen(event, story, colleague)
    (shown,) = unread_notifications.notifications_of(reader)
    with sending.translation.override(language):
        assert (shown.event, str(shown.message), shown.read_at) == (
            event,
            WORDS[event, language][0],
            None,
        )
    assert unread_notifications.unread_count(reader) == 1


@each
@both
def test_mail(event, language, reader, story, colleague, receiver, mail_server):
    by(reader, Channel.EMAIL, receiver)
    page = happen(event, story, colleague)
    run_due()
    (mail,) = mail_server.received
    words = WORDS[event, language][0]
    assert (mail["To"], mail["Subject"]) == ("mina@example.com", words[:150])
    assert mail.get_content().splitlines()[:2] == [words, page]
    assert (rows(reader), receiver.received) == ([(Channel.EMAIL, S.SENT)], [])


@each
@both
def test_chat(event, language, reader, story, colleague, receiver, mail_server):
    by(reader, Channel.CHAT, receiver)
    page = happen(event, story, colleague)
    run_due()
    assert [one.json for one in receiver.received] == [
        {"text": f"{WORDS[event, language][0]}\n{page}"}
    ]
    assert (rows(reader), mail_server.received) == ([(Channel.CHAT, S.SENT)], [])


@each
@both
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.CHAT])
def test_digest(event, language, channel, reader, story, colleague, receiver, mail_server):
    """Four at once are one message, with what they are about above them."""
    by(reader, channel, receiver)
    for number in range(1, 5):
        page = happen(event, story, colleague, number=number)
    run_due()
    one, head = WORDS[event, language]
    lines = [one.replace("film 1", f"film {n}").replace("영상 1", f"영상 {n}") for n in range(1, 5)]
    text = "\n".join([head, *lines, page])
    if channel == Channel.CHAT:
        assert [posted.json for posted in receiver.received] == [{"text": text}]
    else:
        (mail,) = mail_server.received
        assert mail["Subject"] == ("Sea: 메시지 4개" if language == "ko" else "Sea: 4 messages")
        assert mail.get_content().splitlines()[:6] == text.splitlines()
    assert rows(reader) == [(channel, S.SENT)] * 4
    assert Notification.objects.filter(recipient=reader).count() == 4


@each
@both
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.CHAT])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_the_row_and_its_mark_each_message_is_sent_once(
    event, language, channel, when, reader, story, colleague, receiver, mail_server, monkeypatch
):
    """Killed before the first byte it is sent by the next sender, after it never again."""
    by(reader, channel, receiver)
    happen(event, story, colleague)

    def gone(*_values, **_more):
        raise Killed

    def send():
        sending.send_due(reader.pk, visible=lambda _who, ids: ids, should_stop=lambda: False)

    with monkeypatch.context() as patch:
        if when == "before":
            patch.setattr(sending, "_send_mail", gone)
            patch.setattr(sending, "_send_chat", gone)
        else:
            real = sending._end
            patch.setattr(
                sending, "_end", lambda ours, state, why: gone() if state == S.SENT
                else real(ours, state, why),
            )  # fmt: skip
        with pytest.raises(Killed):
            send()
    for _again in range(2):
        send()
    assert len(mail_server.received) + len(receiver.received) == 1
    assert rows(reader) == [(channel, S.SENT if when == "before" else S.UNCLEAR)]


def test_programs_are_told_of_nobody_as_me():
    sentences = {}
    for language in ("en", "ko"):
        with sending.translation.override(language):
            sentences[language] = [words_for_programs(event) for event in FOR_PROGRAMS]
    assert sentences == {
        "en": [
            "Somebody is mentioned in a comment",
            "A guest comments",
            "The client decides on a film",
            "There are takes to review",
            "Paid work needs approval",
            "A provider call may have been paid",
            "Production is halted by doubtful takes",
            "A film is ready",
            "A film could not be made",
            "A story or scene is assigned to somebody",
            "50, 80 or 100 % of a budget is used",
        ],
        "ko": [
            "댓글에서 누군가 언급됨",
            "게스트가 댓글을 남김",
            "고객이 영상을 승인하거나 수정을 요청함",
            "검토할 테이크가 있음",
            "유료 작업에 승인이 필요함",
            "비용이 청구되었을 수 있는 제공업체 호출이 있음",
            "의심되는 테이크로 제작이 멈춤",
            "영상이 준비됨",
            "영상을 만들지 못함",
            "스토리나 장면에 담당자가 지정됨",
            "예산의 50, 80, 100%를 사용함",
        ],
    }
