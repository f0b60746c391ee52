"""Response types for the review: comments, links for guests, and the client's verdicts."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from stories.enums import ClientVerdict, Visibility
from stories.models import Comment, FilmVerdict, ReviewLink

from .parts import Moment

Strokes = Annotated[
    list[list[list[float]]],
    Meta(
        description="Strokes over the frame: lists of points [x, y] from 0 to 1 of its width "
        "and height."
    ),
]


class CommentOut(msgspec.Struct):
    """A comment on a scene or at a time of a film, or an answer to one (`parent_id`)."""

    id: Annotated[UUID, Meta(description="The comment.")]
    story_id: Annotated[UUID, Meta(description="The story it belongs to.")]
    scene_id: Annotated[
        UUID | None, Meta(description="The scene; null if it is gone, or none is shown then.")
    ]
    film_id: Annotated[UUID | None, Meta(description="The film; null: a comment on a scene.")]
    at_ms: Annotated[int | None, Meta(description="Milliseconds of the film.")]
    parent_id: Annotated[UUID | None, Meta(description="The comment that this one answers.")]
    text: Annotated[str, Meta(description="What was written.")]
    drawing: Strokes
    author: Annotated[str, Meta(description="User name; empty: a guest, or a removed account.")]
    guest: Annotated[str, Meta(description="The name that a guest entered.")]
    visibility: Annotated[Visibility, Meta(description="Whether the client reads it.")]
    resolved_at: Annotated[Moment | None, Meta(description="When it was resolved; null: open.")]
    resolved_by: Annotated[str, Meta(description="Who resolved it.")]
    retaken_at: Annotated[
        Moment | None, Meta(description="When another take was started because of it.")
    ]
    created_at: Annotated[Moment, Meta(description="When it was written.")]


class ReviewLinkOut(msgspec.Struct):
    """A link by which a guest reviews a film. Its address is shown only when it is created."""

    id: Annotated[UUID, Meta(description="The link.")]
    story_id: Annotated[UUID, Meta(description="The story whose film it shows.")]
    film_id: Annotated[UUID | None, Meta(description="The only version; null: the newest film.")]
    name: Annotated[str, Meta(description="Who has it, such as “client”.")]
    may_comment: Annotated[bool, Meta(description="Whether the guest may comment.")]
    may_decide: Annotated[bool, Meta(description="Whether the guest may approve the film.")]
    has_password: Annotated[bool, Meta(description="Whether it asks for a password.")]
    is_open: Annotated[bool, Meta(description="False: it has ended or was revoked.")]
    expires_at: Annotated[Moment, Meta(description="When it ends.")]
    revoked_at: Annotated[Moment | None, Meta(description="When it was revoked.")]
    opened_at: Annotated[Moment | None, Meta(description="When it was opened last.")]
    made_by: Annotated[str, Meta(description="Who made it.")]
    created_at: Annotated[Moment, Meta(description="When it was made.")]


class NewReviewLink(ReviewLinkOut):
    url: Annotated[str, Meta(description="The address for the guest. It is shown only this once.")]


class FilmVerdictOut(msgspec.Struct):
    """What the client said of one version of the film. The newest counts."""

    id: Annotated[UUID, Meta(description="The verdict.")]
    film_id: Annotated[UUID, Meta(description="The version of the film.")]
    verdict: Annotated[ClientVerdict, Meta(description="What the client said.")]
    text: Annotated[str, Meta(description="The client's words.")]
    guest: Annotated[str, Meta(description="The guest who said it through a link.")]
    recorded_by: Annotated[str, Meta(description="Who of the studio was told it elsewhere.")]
    created_at: Annotated[Moment, Meta(description="When it was said.")]


class FilmVerdictsOut(msgspec.Struct):
    items: Annotated[list[FilmVerdictOut], Meta(description="The newest first.")]


def _name(person: object) -> str:
    return person.get_username() if person else ""  # type: ignore[attr-defined]  # a user or None


def comment_out(row: Comment) -> CommentOut:
    """Needs the comment with `author` and `resolved_by`."""
    return CommentOut(
        id=row.pk,
        story_id=row.story_id,
        scene_id=row.scene_id,
        film_id=row.film_id,
        at_ms=row.at_ms,
        parent_id=row.parent_id,
        text=row.text,
        drawing=row.drawing,
        author=_name(row.author),
        guest=row.guest,
        visibility=Visibility(row.visibility),
        resolved_at=row.resolved_at,
        resolved_by=_name(row.resolved_by),
        retaken_at=row.retaken_at,
        created_at=row.created_at,
    )


def review_link_out(row: ReviewLink) -> ReviewLinkOut:
    """Needs the link with `made_by`."""
    return ReviewLinkOut(
        id=row.pk,
        story_id=row.story_id,
        film_id=row.film_id,
        name=row.name,
        may_comment=row.may_comment,
        may_decide=row.may_decide,
        has_password=row.wants_password,
        is_open=row.is_open(),
        expires_at=row.expires_at,
        revoked_at=row.withdrawn_at,
        opened_at=row.opened_at,
        made_by=_name(row.made_by),
        created_at=row.created_at,
    )


def film_verdict_out(row: FilmVerdict) -> FilmVerdictOut:
    """Needs the verdict with `recorded_by`."""
    return FilmVerdictOut(
        id=row.pk,
        film_id=row.film_id,
        verdict=ClientVerdict(row.verdict),
        text=row.text,
        guest=row.guest,
        recorded_by=_name(row.recorded_by),
        created_at=row.created_at,
    )
