"""The list as django-modern-rest's own documentation has it: a structure, an auth class, a
controller. Without ETag, problem documents, strict query, rate limit and links.
"""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from dmr import Controller, Query
from dmr.plugins.msgspec import MsgspecSerializer
from dmr.routing import Router, path
from dmr.security.base import SyncAuth

from accounts.access_tokens import user_of
from stories.api.outputs.stories import with_scene_count
from stories.services.permissions import stories_for


class Bearer(SyncAuth):
    www_authenticate_challenge = "Bearer"

    def __call__(self, endpoint: Any, controller: Any) -> Self | None:  # noqa: ARG002  the signature of the base
        scheme, _, token = controller.request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        controller.request.user = user_of(token)
        return self

    def security_schemes(self, *_values: Any, **_more: Any) -> dict[str, Any]:
        return {}

    def security_requirements(self, *_values: Any, **_more: Any) -> list[dict[str, list[str]]]:
        return []


class StoryOut(msgspec.Struct):
    id: UUID
    title: str
    status: str
    owner_id: int
    owner: str
    language: str
    style: str
    aspect_ratio: str
    resolution: str
    duration_seconds: int
    burn_captions: bool
    planner_provider: str
    planner_model: str
    image_provider: str
    image_model: str
    clip_provider: str
    clip_model: str
    vision_provider: str
    check_new_takes: bool
    light_films: bool
    budget: str | None
    project: str
    needs_client_approval: bool
    assignee_id: int | None
    due_on: date | None
    scene_count: int
    created_at: datetime
    updated_at: datetime


LOOKED_UP = frozenset({"owner", "project", "budget"})


class PageOut(msgspec.Struct):
    items: list[StoryOut]
    next_cursor: str | None


class PageQuery(msgspec.Struct):
    page_size: int = 50


class StoriesController(Controller[MsgspecSerializer]):
    auth = (Bearer(),)

    def get(self, parsed_query: Query[PageQuery]) -> PageOut:
        size = parsed_query.page_size
        rows = (
            with_scene_count(stories_for(self.request.user))
            .select_related("owner", "project")
            .defer("script")
            .order_by("-created_at", "-id")
        )
        found = list(rows[: size + 1])
        names = [name for name in StoryOut.__struct_fields__ if name not in LOOKED_UP]
        items = [
            StoryOut(
                **{name: getattr(row, name) for name in names},
                owner=row.owner.username,
                project=row.project.code,
                budget=None if row.budget is None else str(row.budget),
            )
            for row in found[:size]
        ]
        return PageOut(items, str(found[size - 1].pk) if len(found) > size else None)


router = Router("api/ai-video/", [path("stories/", StoriesController.as_view())])
urlpatterns = [router.to_urlpatterns()]
