"""URLs that providers call."""

from django.urls import path

from .backends.replicate.views import hook

urlpatterns = [path("hooks/replicate/", hook, name="replicate_hook")]
