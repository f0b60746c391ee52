"""Review endpoints: comments, links for guests, and the client's verdicts."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Empty, Strict, text
from api.paging import Keyset, Page, Paging, page
from api.problems import forbidden, not_found
from api.responses import Accepted, Created
from stories.api.inputs.parts import AskAgain, MoneyIn, confirmed_total
from stories.enums import ClientVerdict, TakeKind, Visibility
from stories.models import Comment, FilmVerdict, ReviewLink, Story
from stories.models.review import MAX_COMMENT
from stories.services import comments, film_verdicts, retakes
from stories.services import review_links as links
from stories.services.permissions import is_story_owner, stories_for

from .base import REVIEW, api
from .lookups import film_of, scene_of, story_of
from .outputs.jobs import job_out
from .outputs.parts import money
from .outputs.review import (
    CommentOut,
    FilmVerdictOut,
    FilmVerdictsOut,
    NewReviewLink,
    ReviewLinkOut,
    Strokes,
    comment_out,
    film_verdict_out,
    review_link_out,
)
from .scenes import SceneStarted

OLDEST_FIRST = Keyset(descending=False)
MOST_VERDICTS = 100  # of a film, that are listed
CommentText = Annotated[
    str,
    text(least=1, most=MAX_COMMENT),
    Meta(description="Plain text; @name mentions a person."),
]
Words = Annotated[str, text(most=MAX_COMMENT), Meta(description="The client's words.")]


class CommentFilter(Paging):
    """The oldest first."""

    scene: Annotated[UUID, Meta(description="Of this scene.")] | UnsetType = UNSET
    film: Annotated[UUID, Meta(description="Of this film.")] | UnsetType = UNSET
    resolved: Annotated[bool, Meta(description="Resolved or open ones only.")] | UnsetType = UNSET


class CommentIn(Strict):
    text: CommentText


class FilmCommentIn(CommentIn):
    at_ms: Annotated[
        int, Meta(ge=0, le=comments.LONGEST * 1000, description="Milliseconds of the film.")
    ]
    visibility: Annotated[Visibility, Meta(description="Whether the client reads it.")] = (
        Visibility.INTERNAL
    )
    drawing: Strokes = []


class CommentPatch(Strict):
    """Only what is sent is changed."""

    resolved: Annotated[bool, Meta(description="False opens it again.")] | UnsetType = UNSET
    visibility: (
        Annotated[Visibility, Meta(description="Whether the client reads it.")] | UnsetType
    ) = UNSET


class RetakeIn(Strict):
    kind: Annotated[TakeKind, Meta(description="What is made again.")]
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class ReviewLinkIn(Strict):
    name: Annotated[
        str, Meta(description="Who gets it, such as “client”."), text(least=1, most=links.NAME)
    ]
    days: Annotated[int, Meta(ge=1, le=links.LONGEST, description="Days until it ends.")]
    film_id: Annotated[UUID, Meta(description="The only version that it shows.")] | UnsetType = (
        UNSET
    )
    may_comment: Annotated[bool, Meta(description="Whether the guest may comment.")] = True
    may_decide: Annotated[bool, Meta(description="Whether the guest may approve the film.")] = False
    password: (
        Annotated[
            str,
            Meta(description="What the guest has to enter."),
            text(least=links.SHORTEST_PASSWORD, most=links.PASSWORD),
        ]
        | UnsetType
    ) = UNSET


class FilmVerdictIn(Strict):
    """What the client said elsewhere. Wanted changes need words."""

    verdict: Annotated[ClientVerdict, Meta(description="What the client said.")]
    text: Words = ""


def _comments(call: Call) -> QuerySet[Comment]:
    rows = Comment.objects.filter(story__in=stories_for(call.user))
    return rows.select_related("author", "resolved_by")


def _comment(call: Call, comment_id: UUID) -> CommentOut:
    row = _comments(call).filter(pk=comment_id).first()
    if row is None:
        raise not_found()
    return comment_out(row)


def _film_of_story(call: Call, film_id: UUID | UnsetType, story_id: UUID) -> UUID | None:
    if film_id is UNSET:
        return None
    film = film_of(call, film_id)
    if film.story_id != story_id:
        raise not_found()
    return film.pk


@api.at("stories/<uuid:story_id>/comments/")
class StoryCommentsController(ApiController):
    tags = (REVIEW,)

    @operation("list_comments", summary="List a story's comments")
    def get(self, story_id: UUID, query: Query[CommentFilter]) -> Page[CommentOut]:
        """With their answers, the oldest first."""
        story_of(self, story_id)
        rows = _comments(self).filter(story_id=story_id)
        if query.scene is not UNSET:
            rows = rows.filter(scene_id=query.scene)
        if query.film is not UNSET:
            rows = rows.filter(film_id=query.film)
        if query.resolved is not UNSET:
            rows = rows.filter(resolved_at__isnull=not query.resolved)
        return page(
            rows,
            query,
            out=lambda found: [comment_out(row) for row in found],
            key=lambda row: (row.created_at, row.pk),
            keyset=OLDEST_FIRST,
            scope=str(story_id),
        )


@api.at("scenes/<uuid:scene_id>/comments/")
class SceneCommentsController(ApiController):
    tags = (REVIEW,)

    @operation("comment_scene", summary="Comment on a scene")
    def post(self, scene_id: UUID, body: Body[CommentIn]) -> Created[CommentOut]:
        """The comment belongs to the whole scene."""
        scene_of(self, scene_id)
        made = comments.on_scene(scene_id, actor=self.user, text=body.text)
        return Created(_comment(self, made.pk))


@api.at("films/<uuid:film_id>/comments/")
class FilmCommentsController(ApiController):
    tags = (REVIEW,)

    @operation("comment_film", summary="Comment at a time of a film")
    def post(self, film_id: UUID, body: Body[FilmCommentIn]) -> Created[CommentOut]:
        """The comment keeps the scene that the film shows at that time."""
        film_of(self, film_id)
        made = comments.on_film(
            film_id,
            actor=self.user,
            text=body.text,
            at_ms=body.at_ms,
            visibility=body.visibility,
            drawing=body.drawing,
        )
        return Created(_comment(self, made.pk))


@api.at("comments/<uuid:comment_id>/")
class CommentController(ApiController):
    tags = (REVIEW,)

    def locked(self) -> QuerySet[Comment]:
        return Comment.objects.filter(pk=self.kwargs["comment_id"])

    @operation("get_comment", summary="Show a comment")
    def get(self, comment_id: UUID) -> CommentOut:
        """It belongs to a scene, or to a time of a film."""
        return _comment(self, comment_id)

    @operation("patch_comment", summary="Resolve a comment, or change who reads it")
    def patch(self, comment_id: UUID, body: Body[CommentPatch]) -> CommentOut:
        """By who wrote it, the story's owner or a manager."""
        _comment(self, comment_id)
        with transaction.atomic():
            if body.resolved is not UNSET:
                comments.settle(comment_id, actor=self.user, settled=body.resolved)
            if body.visibility is not UNSET:
                comments.show(comment_id, actor=self.user, visibility=body.visibility)
        return _comment(self, comment_id)


@api.at("comments/<uuid:comment_id>/reply/")
class CommentReplyController(ApiController):
    tags = (REVIEW,)

    @operation("reply_comment", summary="Answer a comment")
    def post(self, comment_id: UUID, body: Body[CommentIn]) -> Created[CommentOut]:
        """The answer is read by those who read the comment."""
        _comment(self, comment_id)
        made = comments.reply(comment_id, actor=self.user, text=body.text)
        return Created(_comment(self, made.pk))


@api.at("comments/<uuid:comment_id>/retake/")
class CommentRetakeController(ApiController):
    tags = (REVIEW,)

    @operation("retake_comment", summary="Make another take because of a comment")
    def post(self, comment_id: UUID, body: Body[RetakeIn]) -> Accepted[SceneStarted]:
        """The selected take is rejected with the words of the comment. Once for each comment. If it
        costs more than you may start alone: 409 `approval_needed`, as for the preview.
        """
        _comment(self, comment_id)
        start = retakes.retake(
            comment_id,
            body.kind,
            actor=self.user,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        ).require()
        return Accepted(SceneStarted([job_out(job) for job in start.jobs], money(start.total)))


def _own_story(call: Call, story_id: UUID) -> Story:
    """A story whose review links this person may see: only its owner and managers may."""
    story = story_of(call, story_id)
    if not is_story_owner(call.user, story):
        raise forbidden()
    return story


def _link(call: Call, link_id: UUID) -> ReviewLink:
    rows = ReviewLink.objects.select_related("made_by")
    row = rows.filter(pk=link_id, story__in=stories_for(call.user)).first()
    if row is None:
        raise not_found()
    return row


@api.at("stories/<uuid:story_id>/review_links/")
class StoryReviewLinksController(ApiController):
    tags = (REVIEW,)

    @operation("list_review_links", summary="List a story's review links")
    def get(self, story_id: UUID, query: Query[Paging]) -> Page[ReviewLinkOut]:
        """For the story's owner and managers. The newest first."""
        _own_story(self, story_id)
        return page(
            ReviewLink.objects.filter(story_id=story_id).select_related("made_by"),
            query,
            out=lambda found: [review_link_out(row) for row in found],
            key=lambda row: (row.created_at, row.pk),
            scope=f"review_links {story_id}",
        )

    @operation("create_review_link", summary="Share a film with a guest")
    def post(self, story_id: UUID, body: Body[ReviewLinkIn]) -> Created[NewReviewLink]:
        """The answer has the address, which is shown only this once and is not stored."""
        _own_story(self, story_id)
        link, token = links.share(
            story_id,
            actor=self.user,
            name=body.name,
            days=body.days,
            may_comment=body.may_comment,
            may_decide=body.may_decide,
            film_id=_film_of_story(self, body.film_id, story_id),
            password="" if body.password is UNSET else body.password,
        )
        address = self.request.build_absolute_uri(reverse("stories:review", args=[token]))
        values: dict[str, Any] = msgspec.structs.asdict(review_link_out(link))
        return Created(NewReviewLink(**values, url=address))


@api.at("review_links/<uuid:link_id>/revoke/")
class ReviewLinkRevokeController(ApiController):
    tags = (REVIEW,)

    @operation("revoke_review_link", summary="Revoke a review link")
    # Rejects a body that is not empty
    def post(self, link_id: UUID, body: Body[Empty]) -> ReviewLinkOut:  # noqa: ARG002
        """It shows nothing any more."""
        _link(self, link_id)
        links.withdraw(link_id, actor=self.user)
        return review_link_out(_link(self, link_id))


@api.at("films/<uuid:film_id>/verdicts/")
class FilmVerdictsController(ApiController):
    tags = (REVIEW,)

    @operation("list_film_verdicts", summary="List what the client said of a film")
    def get(self, film_id: UUID) -> FilmVerdictsOut:
        """The newest counts: with `needs_client_approval` the final film is delivered once it is
        an approval.
        """
        film = film_of(self, film_id)
        rows = FilmVerdict.objects.filter(film=film).select_related("recorded_by")
        return FilmVerdictsOut([film_verdict_out(row) for row in rows[:MOST_VERDICTS]])

    @operation("record_film_verdict", summary="Record what the client said of a film")
    def post(self, film_id: UUID, body: Body[FilmVerdictIn]) -> Created[FilmVerdictOut]:
        """For a client who answered in another way than by a review link."""
        film_of(self, film_id)
        made = film_verdicts.decide(film_id, actor=self.user, verdict=body.verdict, text=body.text)
        return Created(film_verdict_out(made))
