"""The overview: what needs somebody now, what runs, what it costs, and how well the queue does its work."""

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001  Unfold hands the request over
    return context
