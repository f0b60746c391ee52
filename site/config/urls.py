"""Every address of the studio."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from stories.api.film_routes import signed_links
from stories.api.routes import api
from web import media

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("api/ai-video/", include((api.urls, "api"))),
    path("", include(signed_links)),
    path("admin/", admin.site.urls),
    path("media/<str:token>", media.linked, name="media"),
    path("", include("providers.urls")),
    path("", include("stories.urls")),
]

handler400 = "config.trouble.bad_request"
handler403 = "config.trouble.forbidden"
handler404 = "config.trouble.not_found"
handler500 = "config.trouble.server_error"
