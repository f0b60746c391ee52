"""Endpoints of webhooks, for administrators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Empty, Strict, text
from api.paging import Page, Paging, page
from api.problems import not_found
from api.responses import Accepted, Created, NoContent
from notifications import webhooks
from notifications.enums import DeliveryState
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.posting import LONGEST_URL
from stories.api.inputs.parts import sent_values
from stories.errors import Invalid
from stories.services.people import require_administrator

from .base import WEBHOOKS, api
from .outputs.parts import Moment

Name = Annotated[str, Meta(description="For people."), text(least=1, most=webhooks.NAME_LENGTH)]
Address = Annotated[
    str,
    Meta(description="HTTPS on a public network. It is a secret and never answered."),
    text(least=1, most=LONGEST_URL),
]
Events = Annotated[
    list[Annotated[str, text(least=1, most=20)]],
    Meta(min_length=1, max_length=50, description="Of which events it is told."),
]


class WebhookIn(Strict):
    name: Name
    url: Address
    events: Events


class WebhookPatch(Strict):
    """Only what is sent is changed."""

    name: Name | UnsetType = UNSET
    url: Address | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    is_active: Annotated[bool, Meta(description="Whether it is told of events.")] | UnsetType = (
        UNSET
    )


class WebhookOut(msgspec.Struct):
    """An address at which a program is told of events."""

    id: Annotated[UUID, Meta(description="The webhook.")]
    name: Annotated[str, Meta(description="For people.")]
    host: Annotated[str, Meta(description="The host of its address, which is a secret.")]
    events: Annotated[list[str], Meta(description="Of which events it is told.")]
    is_active: Annotated[bool, Meta(description="Whether it is told of events.")]
    failing_since: Annotated[
        Moment | None, Meta(description="When it failed first without a success since; or null.")
    ]
    disabled_at: Annotated[
        Moment | None, Meta(description="When the studio switched it off; or null.")
    ]
    created_at: Annotated[Moment, Meta(description="When it was made.")]
    updated_at: Annotated[Moment, Meta(description="When it was changed last.")]


class NewWebhook(WebhookOut):
    secret: Annotated[str, Meta(description="Signs its messages. It is told only this once.")]


class WebhookDeliveryOut(msgspec.Struct):
    """One message, and what became of it. Answers are not kept."""

    id: Annotated[UUID, Meta(description="The message; `webhook-id` has it after `msg_`.")]
    event: Annotated[str, Meta(description="What happened.")]
    state: Annotated[DeliveryState, Meta(description="What became of it.")]
    attempts: Annotated[int, Meta(description="How often it was sent.")]
    http_status: Annotated[int | None, Meta(description="The last answer; null: none.")]
    error: Annotated[str, Meta(description="The last error; empty: none.")]
    created_at: Annotated[Moment, Meta(description="When it happened.")]
    due_at: Annotated[Moment, Meta(description="When it is sent, or sent again.")]
    ended_at: Annotated[Moment | None, Meta(description="When it was taken or given up.")]


def _out(row: WebhookEndpoint) -> WebhookOut:
    return WebhookOut(
        id=row.pk,
        name=row.name,
        host=row.host,
        events=row.events,
        is_active=row.is_active,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _new(row: WebhookEndpoint, secret: str) -> NewWebhook:
    return NewWebhook(**msgspec.structs.asdict(_out(row)), secret=secret)


def _delivery(row: WebhookDelivery) -> WebhookDeliveryOut:
    return WebhookDeliveryOut(
        id=row.pk,
        event=row.event,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        http_status=row.http_status,
        error=str(row.error),
        created_at=row.created_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
    )


@contextmanager
def _by_field() -> Iterator[None]:
    """Answer what is wrong with a field as 422, with its place."""
    try:
        yield
    except webhooks.InvalidError as error:
        sentence = error.sentence
        raise Invalid(sentence.template, field=error.field, **sentence.values) from error


def _one(call: Call, webhook_id: UUID) -> WebhookEndpoint:
    require_administrator(call.user)
    row = WebhookEndpoint.objects.filter(pk=webhook_id).first()
    if row is None:
        raise not_found()
    return row


@api.at("webhooks/")
class WebhooksController(ApiController):
    tags = (WEBHOOKS,)

    @operation("list_webhooks", summary="List webhooks")
    def get(self, query: Query[Paging]) -> Page[WebhookOut]:
        """For administrators. The newest first."""
        require_administrator(self.user)
        return page(
            WebhookEndpoint.objects.all(),
            query,
            out=lambda found: [_out(row) for row in found],
            key=lambda row: (row.created_at, row.pk),
            scope="webhooks",
        )

    @operation("create_webhook", summary="Add a webhook")
    def post(self, body: Body[WebhookIn]) -> Created[NewWebhook]:
        """For administrators. The answer has the signing secret, which is told only this once."""
        require_administrator(self.user)
        with _by_field():
            made, secret = webhooks.add(
                name=body.name, url=body.url, events=body.events, actor=self.user
            )
        return Created(_new(made, secret))


@api.at("webhooks/<uuid:webhook_id>/")
class WebhookController(ApiController):
    tags = (WEBHOOKS,)

    def locked(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.filter(pk=self.kwargs["webhook_id"])

    @operation("get_webhook", summary="Show a webhook")
    def get(self, webhook_id: UUID) -> WebhookOut:
        """For administrators."""
        return _out(_one(self, webhook_id))

    @operation("patch_webhook", summary="Change a webhook")
    def patch(self, webhook_id: UUID, body: Body[WebhookPatch]) -> WebhookOut:
        """For administrators. Switched on again, it is sent what has waited."""
        _one(self, webhook_id)
        with _by_field():
            row = webhooks.change(webhook_id, actor=self.user, **sent_values(body))
        return _out(row)

    @operation("delete_webhook", summary="Delete a webhook")
    def delete(self, webhook_id: UUID) -> NoContent:
        """For administrators. Its log goes, too."""
        _one(self, webhook_id)
        webhooks.remove(webhook_id, actor=self.user)
        return NoContent()


@api.at("webhooks/<uuid:webhook_id>/test/")
class WebhookTestController(ApiController):
    tags = (WEBHOOKS,)

    @operation("test_webhook", summary="Send a test to a webhook")
    def post(
        self,
        webhook_id: UUID,
        body: Body[Empty],  # noqa: ARG002  rejects a body that is not empty
    ) -> Accepted[WebhookDeliveryOut]:
        """For administrators. The log of deliveries has what becomes of it."""
        _one(self, webhook_id)
        return Accepted(_delivery(webhooks.send_test(webhook_id, actor=self.user)))


@api.at("webhooks/<uuid:webhook_id>/rotate_secret/")
class WebhookSecretController(ApiController):
    tags = (WEBHOOKS,)

    @operation("rotate_webhook_secret", summary="Replace the signing secret of a webhook")
    def post(
        self,
        webhook_id: UUID,
        body: Body[Empty],  # noqa: ARG002  rejects a body that is not empty
    ) -> NewWebhook:
        """For administrators. For 24 hours messages are signed with both."""
        _one(self, webhook_id)
        return _new(*webhooks.rotate_secret(webhook_id, actor=self.user))


@api.at("webhooks/<uuid:webhook_id>/deliveries/")
class WebhookDeliveriesController(ApiController):
    tags = (WEBHOOKS,)

    @operation("list_webhook_deliveries", summary="List what was sent to a webhook")
    def get(self, webhook_id: UUID, query: Query[Paging]) -> Page[WebhookDeliveryOut]:
        """For administrators. The newest first; 90 days are kept."""
        row = _one(self, webhook_id)
        return page(
            row.deliveries.all(),
            query,
            out=lambda found: [_delivery(one) for one in found],
            key=lambda one: (one.created_at, one.pk),
            scope=f"webhook {webhook_id}",
        )
