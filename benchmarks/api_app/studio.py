"""The studio's own API."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from api.urls import urls_of
from stories.api.routes import api


def media(request: HttpRequest, token: str) -> HttpResponse:
    """Links are made, not followed."""
    raise NotImplementedError


urlpatterns = [
    path("api/ai-video/", include((urls_of(api), "api"))),
    path("media/<str:token>", media, name="media"),
]
