"""The root URL configuration."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.urls import urls_of
from core import file_serving
from stories.api.films import signed_links
from stories.api.routes import api

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("api/ai-video/", include((urls_of(api), "api"))),
    path("", include(signed_links)),
    # The address of the organization budget in 0.1.0.
    re_path(
        r"^admin/providers/house/",
        RedirectView.as_view(pattern_name="admin:providers_organizationbudget_changelist"),
    ),
    path("admin/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("media/<str:token>", file_serving.linked, name="media"),
    path("", include("providers.urls")),
    path("", include("stories.urls")),
]

handler400 = "config.error_views.bad_request"
handler403 = "config.error_views.forbidden"
handler404 = "config.error_views.not_found"
handler500 = "config.error_views.server_error"
