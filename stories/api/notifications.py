"""Endpoints of a person's own notifications."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, operation
from api.inputs import Strict, text
from api.paging import Page, Paging, page
from notifications import personal
from notifications.enums import Channel, Event
from notifications.models import Notification, NotificationPreference
from notifications.posting import LONGEST_URL
from stories.errors import Invalid
from stories.services import unread_notifications

from .base import ME, api
from .outputs.parts import Moment


class NotificationFilter(Paging):
    """The newest first."""

    unread: Annotated[bool, Meta(description="Only what is unread, or is read.")] | UnsetType = (
        UNSET
    )


class NotificationOut(msgspec.Struct):
    """What you are told of."""

    id: Annotated[UUID, Meta(description="The notification.")]
    event: Annotated[Event, Meta(description="What happened.")]
    story_id: Annotated[UUID | None, Meta(description="The story; null: it concerns none.")]
    message: Annotated[str, Meta(description="What happened, in the language of the answer.")]
    path: Annotated[str, Meta(description="The page that it leads to; empty: none.")]
    created_at: Annotated[Moment, Meta(description="When it happened.")]
    read_at: Annotated[Moment | None, Meta(description="When you read it; null: not yet.")]


class ReadIn(Strict):
    """Without `ids` all of them."""

    ids: (
        Annotated[list[UUID], Meta(max_length=100, description="The notifications.")] | UnsetType
    ) = UNSET


class ReadOut(msgspec.Struct):
    marked: Annotated[int, Meta(description="How many were unread before.")]


class EventChannels(msgspec.Struct):
    event: Annotated[Event, Meta(description="What happens.")]
    channels: Annotated[list[Channel], Meta(description="How you are told of it.")]


class NotificationChoices(msgspec.Struct):
    """How you are told of each event. The address of the chat is never shown."""

    events: Annotated[list[EventChannels], Meta(description="All events.")]
    chat_host: Annotated[str, Meta(description="Where chat messages go; empty: nowhere.")]


class EventChannelsIn(Strict):
    event: Annotated[Event, Meta(description="What happens.")]
    channels: Annotated[
        list[Channel], Meta(max_length=3, description="How you are told of it; empty: not at all.")
    ]


class NotificationChoicesIn(Strict):
    """Only what is sent is changed."""

    events: (
        Annotated[list[EventChannelsIn], Meta(max_length=50, description="Events to change.")]
        | UnsetType
    ) = UNSET
    chat_url: (
        Annotated[
            str,
            Meta(description="An incoming webhook as Slack has them; empty: none any more."),
            text(most=LONGEST_URL),
        ]
        | UnsetType
    ) = UNSET


def _out(row: Notification) -> NotificationOut:
    return NotificationOut(
        id=row.pk,
        event=Event(row.event),
        story_id=row.story_id,
        message=str(row.message),
        path=row.path,
        created_at=row.created_at,
        read_at=row.read_at,
    )


def _choices(row: NotificationPreference) -> NotificationChoices:
    return NotificationChoices(
        events=[
            EventChannels(event, [Channel(one) for one in row.channels_of(event)])
            for event in Event
        ],
        chat_host=row.chat_host,
    )


@api.at("notifications/")
class NotificationsController(ApiController):
    tags = (ME,)

    @operation("list_notifications", summary="List your notifications")
    def get(self, query: Query[NotificationFilter]) -> Page[NotificationOut]:
        """None of stories that you do not see any more. The newest first."""
        rows = unread_notifications.notifications_of(self.user)
        if query.unread is not UNSET:
            rows = rows.filter(read_at__isnull=query.unread)
        return page(
            rows,
            query,
            out=lambda found: [_out(row) for row in found],
            key=lambda row: (row.created_at, row.pk),
            scope=f"notifications {self.user.pk}",
        )


@api.at("notifications/read/")
class NotificationsReadController(ApiController):
    tags = (ME,)

    @operation("read_notifications", summary="Mark notifications as read")
    def post(self, body: Body[ReadIn]) -> ReadOut:
        """Your own; ids of others are left out."""
        return ReadOut(personal.mark_read(self.user, None if body.ids is UNSET else body.ids))


@api.at("notifications/choices/")
class NotificationChoicesController(ApiController):
    tags = (ME,)

    @operation("get_notification_choices", summary="Show what you are told of")
    def get(self) -> NotificationChoices:
        """For each event the studio's bell, e-mail and chat. What is not set up sends nothing."""
        return _choices(personal.preference_of(self.user))

    @operation("choose_notifications", summary="Choose what you are told of")
    def post(self, body: Body[NotificationChoicesIn]) -> NotificationChoices:
        """The events that are not named stay as they are."""
        events = [] if body.events is UNSET else body.events
        try:
            row = personal.choose(
                self.user,
                channels={one.event: [str(channel) for channel in one.channels] for one in events},
                chat_url=None if body.chat_url is UNSET else body.chat_url,
            )
        except personal.InvalidError as error:
            sentence = error.sentence
            raise Invalid(sentence.template, field=error.field, **sentence.values) from error
        return _choices(row)
