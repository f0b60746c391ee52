"""The probes /healthz, /readyz and /metrics, answered before any other middleware.

They need no session, no known host name and no HTTPS: a probe uses the IP address and plain HTTP,
and works while the database is unavailable.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from . import health
from .metrics.views import metrics


def healthz(_request: HttpRequest) -> HttpResponse:
    """Returns 200 while this process responds."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Returns 200 if every check passes, else 503.

    `?only=database,storage` selects checks: a load balancer does not need a running worker.
    """
    names = [name for name in request.GET.get("only", "").split(",") if name]
    if unknown := sorted(set(names) - set(health.CHECKS)):
        return JsonResponse(
            {"status": "unknown check", "unknown": unknown, "known": list(health.CHECKS)},
            status=HTTPStatus.BAD_REQUEST,
        )
    findings = health.examine(names or None)
    ok = all(finding.ok for finding in findings)
    body = {
        "status": "ready" if ok else "not ready",
        "checks": {finding.name: finding.as_json() for finding in findings},
    }
    return JsonResponse(body, status=HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers the probes and passes every other request on."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info.rstrip("/"))
        if probe is None:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(
                status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"}
            )
        response = probe(request)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    return answer
