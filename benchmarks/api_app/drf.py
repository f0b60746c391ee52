"""The list as Django REST framework's own documentation has it: ModelSerializer, generic view,
CursorPagination.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer

from accounts.access_tokens import user_of
from stories.api.outputs.stories import with_scene_count
from stories.models import Story
from stories.services.permissions import stories_for


class Bearer(BaseAuthentication):
    def authenticate(self, request: HttpRequest) -> Any:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return (user_of(token), token) if scheme == "Bearer" else None


class StorySerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.username")
    project = serializers.CharField(source="project.code")
    scene_count = serializers.IntegerField()

    class Meta:
        model = Story
        fields = (
            *(
                "id",
                "title",
                "status",
                "owner_id",
                "owner",
                "language",
                "style",
                "aspect_ratio",
                "resolution",
                "duration_seconds",
                "burn_captions",
            ),
            *(
                "planner_provider",
                "planner_model",
                "image_provider",
                "image_model",
                "clip_provider",
                "clip_model",
                "vision_provider",
                "check_new_takes",
                "light_films",
                "budget",
                "project",
                "needs_client_approval",
                "assignee_id",
                "due_on",
                "scene_count",
                "created_at",
                "updated_at",
            ),
        )


class Newest(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class StoryList(generics.ListAPIView):
    authentication_classes = (Bearer,)
    permission_classes = (IsAuthenticated,)
    serializer_class = StorySerializer
    pagination_class = Newest
    renderer_classes = (JSONRenderer,)

    def get_queryset(self) -> Any:
        return (
            with_scene_count(stories_for(self.request.user))
            .select_related("owner", "project")
            .defer("script")
        )


urlpatterns = [path("api/ai-video/stories/", StoryList.as_view())]
