"""Every address of the studio."""

from django.contrib import admin
from django.urls import include, path

from web import media

urlpatterns = [
    path("admin/", admin.site.urls),
    path("media/<str:token>", media.linked, name="media"),
    path("", include("stories.urls")),
]
