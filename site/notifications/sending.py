"""Sends the messages of one person by e-mail and chat.

Of each event and story at most `MOST` messages are sent within `WINDOW`; what comes beyond waits
and becomes one message.

1. What an earlier sender has left in `sending` becomes `unclear`: it may have been sent.
2. The due rows get the id of their message (`mail_id`), which stays the same in every attempt.
3. When the connection stands, the rows go from `pending` to `sending`, which is committed. Of two
   senders one succeeds.
4. The message is sent, and the outcome is written.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Min
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext, gettext_noop, ngettext

from core.localized_messages import DomainError, LocalizedMessage

from . import chat, mail
from .enums import Channel, DeliveryState, Event
from .failures import MaybeSentError, NotNowError, NotOursError, RefusedError
from .models import Delivery, NotificationPreference

MOST = 3  # messages of one event and story in the window
WINDOW = timedelta(minutes=10)
MOST_ATTEMPTS = 8
FIRST_DELAY = timedelta(minutes=1)  # doubles with each attempt
LINES = 20  # of a message about many notifications
AT_ONCE = 500
S = DeliveryState
LOST = LocalizedMessage(gettext_noop("Its sender was lost; it may have been sent."))
NOT_VISIBLE = LocalizedMessage(gettext_noop("The person does not see the story any more."))
NOT_SET_UP = LocalizedMessage(gettext_noop("The channel is not set up any more."))

type Visible = Callable[[Any, set[Any]], set[Any]]


def send_due(
    person_id: int, *, visible: Visible, should_stop: Callable[[], bool]
) -> datetime | None:
    """Send what is due. Returns when the next message is due, or None.

    `visible` returns those of the stories with these ids that the person may see.
    """
    mine = Delivery.objects.filter(notification__recipient_id=person_id)
    _end(mine.filter(state=S.SENDING), S.UNCLEAR, LOST)
    person = get_user_model().objects.filter(pk=person_id).first()
    waiting = mine.filter(state=S.PENDING)
    if person is None or not person.is_active:
        _end(waiting, S.DROPPED, NOT_VISIBLE)
        return None
    due = list(
        waiting.filter(due_at__lte=timezone.now())
        .select_related("notification__story")
        .order_by("notification__created_at", "id")[:AT_ONCE]
    )
    stories = {row.notification.story_id for row in due if row.notification.story_id}
    seen = visible(person, stories) if stories else set()
    hidden = [row for row in due if row.notification.story_id not in {None, *seen}]
    _end(mine.filter(pk__in=[row.pk for row in hidden]), S.DROPPED, NOT_VISIBLE)
    for message in _messages(mine, [row for row in due if row not in hidden]):
        if should_stop():
            break
        _send(person, message)
    next_due: datetime | None = waiting.aggregate(next=Min("due_at"))["next"]
    return next_due


def _messages(mine: Any, due: list[Delivery]) -> list[list[Delivery]]:
    """The rows of each message to be sent now. Others are put off."""
    begun: dict[Any, list[Delivery]] = {}
    fresh: dict[Any, list[Delivery]] = {}
    for row in due:
        if row.mail_id:
            begun.setdefault(row.mail_id, []).append(row)
        else:
            about = row.channel, row.notification.event, row.notification.story_id
            fresh.setdefault(about, []).append(row)
    found = list(begun.values())
    for (channel, event, story_id), rows in fresh.items():
        times = _recent(mine, channel, event, story_id)
        if len(times) + len(rows) <= MOST:
            found += [[row] for row in rows]
        elif not times:
            found.append(rows)
        else:
            later = min(times) + WINDOW
            Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=later)
    return found


def _recent(mine: Any, channel: str, event: str, story_id: Any) -> list[datetime]:
    """When the messages of this kind were sent within the window."""
    rows = mine.filter(
        channel=channel,
        notification__event=event,
        notification__story_id=story_id,
        sending_at__gt=timezone.now() - WINDOW,
    )
    return list(dict(rows.values_list("mail_id", "sending_at")).values())


def _send(person: Any, rows: list[Delivery]) -> None:
    mail_id = rows[0].mail_id or uuid4()
    ours = Delivery.objects.filter(pk__in=[row.pk for row in rows])
    if ours.filter(state=S.PENDING).update(mail_id=mail_id) != len(rows):
        return  # dropped or taken meanwhile; what is left is found again

    def begin() -> None:
        if ours.filter(state=S.PENDING).update(state=S.SENDING, sending_at=timezone.now()) != len(
            rows
        ):
            raise NotOursError(gettext_noop("Another process sends it."))

    try:
        with translation.override(language_of(person)):
            if rows[0].channel == Channel.EMAIL:
                _send_mail(person, rows, str(mail_id), begin)
            else:
                _send_chat(person, rows, begin)
    except NotOursError:
        pass
    except NotNowError as error:
        _put_off(ours, rows[0].attempts + 1, error.sentence)
    except MaybeSentError as error:
        _end(ours, S.UNCLEAR, error.sentence)
    except DomainError as error:
        _end(ours, S.FAILED, error.sentence)
    else:
        _end(ours, S.SENT, LocalizedMessage(""))


def _send_mail(person: Any, rows: list[Delivery], mail_id: str, begin: Callable[[], None]) -> None:
    if not (settings.EMAIL_IS_SET_UP and person.email):
        raise RefusedError(NOT_SET_UP.template)
    foot = gettext("You choose on this page which messages you get:")
    page = absolute("/admin/notifications/settings/")
    text = f"{_text(rows)}\n\n--\n{foot} {page}\n" if page else f"{_text(rows)}\n"
    mail.send(person.email, _subject(rows), text, mail_id=mail_id, begin=begin)


def _send_chat(person: Any, rows: list[Delivery], begin: Callable[[], None]) -> None:
    preference = NotificationPreference.objects.filter(user=person).first()
    if preference is None or not preference.chat_url_enc:
        raise RefusedError(NOT_SET_UP.template)
    chat.send(preference.chat_url_enc, host=preference.chat_host, text=_text(rows), begin=begin)


def _subject(rows: list[Delivery]) -> str:
    if len(rows) == 1:
        return str(rows[0].notification.message)[:150]
    story = rows[0].notification.story
    title = story.title if story else "VideoPlanet Studio"
    text = ngettext("%(title)s: %(n)s message", "%(title)s: %(n)s messages", len(rows))
    return text % {"title": title, "n": len(rows)}


def _text(rows: Iterable[Delivery]) -> str:
    """The notifications, the oldest first, and the address of the last."""
    all_rows = [row.notification for row in rows]
    lines = [str(row.message) for row in all_rows[:LINES]]
    if more := len(all_rows) - len(lines):
        lines.append(ngettext("And %(n)s more.", "And %(n)s more.", more) % {"n": more})
    if len(all_rows) > 1:
        lines.insert(0, f"{Event(all_rows[0].event).label}:")
    if address := absolute(all_rows[-1].path):
        lines.append(address)
    return "\n".join(lines)


def absolute(path: str) -> str:
    """The address of this path; empty without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL and path else ""


def language_of(person: Any) -> str:
    """The language that the person has chosen, else that of the studio."""
    chosen: str = import_string(settings.LANGUAGE_OF_PERSON)(person)
    return chosen or settings.LANGUAGE_CODE


def _put_off(rows: Any, attempts: int, why: LocalizedMessage) -> None:
    if attempts >= MOST_ATTEMPTS:
        _end(rows, S.FAILED, why)
        return
    rows.filter(state__in=(S.PENDING, S.SENDING)).update(
        state=S.PENDING,
        attempts=attempts,
        sending_at=None,
        due_at=timezone.now() + FIRST_DELAY * 2 ** (attempts - 1),
        error_data=why.as_json(),
    )


def _end(rows: Any, state: DeliveryState, why: LocalizedMessage) -> None:
    """Write the outcome. A late sender may still find that it has sent what was `unclear`."""
    rows.filter(state__in=(S.PENDING, S.SENDING, S.UNCLEAR)).update(
        state=state, ended_at=timezone.now(), error_data=why.as_json() if why else {}
    )
