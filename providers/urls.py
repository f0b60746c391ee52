"""Doors that providers knock at."""

from django.urls import path

from .replicate.views import hook

urlpatterns = [path("hooks/replicate/", hook, name="replicate_hook")]
