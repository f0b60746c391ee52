"""All routes of the API, in the order in which the document shows them."""

from web.auth import endpoints

from .base import api

endpoints.add_to(api)

from . import approval_routes, film_routes, job_routes, me_routes, scene_routes, script_routes, story_routes, take_routes  # noqa: E402  the document begins with the log-in

__all__ = ["api", "approval_routes", "film_routes", "job_routes", "me_routes", "scene_routes", "script_routes", "story_routes", "take_routes"]
