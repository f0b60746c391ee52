"""The list as django-ninja's own documentation has it: a schema, a bearer class, a function."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import path
from ninja import Field, NinjaAPI, Schema
from ninja.security import HttpBearer

from accounts.access_tokens import user_of
from stories.api.outputs.stories import with_scene_count
from stories.services.permissions import stories_for


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Any:
        request.user = user_of(token)
        return token


class StoryOut(Schema):
    id: UUID
    title: str
    status: str
    owner_id: int
    owner: str = Field(alias="owner.username")
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
    budget: Decimal | None
    project: str = Field(alias="project.code")
    needs_client_approval: bool
    assignee_id: int | None
    due_on: date | None
    scene_count: int
    created_at: datetime
    updated_at: datetime


class PageOut(Schema):
    items: list[StoryOut]
    next_cursor: str | None


api = NinjaAPI(auth=Bearer())


@api.get("/stories/", response=PageOut)
def list_stories(request: HttpRequest, page_size: int = 50) -> Any:
    rows = (
        with_scene_count(stories_for(request.user))
        .select_related("owner", "project")
        .defer("script")
        .order_by("-created_at", "-id")
    )
    found = list(rows[: page_size + 1])
    return {
        "items": found[:page_size],
        "next_cursor": str(found[page_size - 1].pk) if len(found) > page_size else None,
    }


urlpatterns = [path("api/ai-video/", api.urls)]
