"""A client of the API of VideoPlanet Studio."""

from .client import Studio, StudioError
from .models import Film, Job, Story

__all__ = ["Film", "Job", "Story", "Studio", "StudioError"]
