"""What machines ask the studio: /healthz, /readyz and /metrics, answered before anything else is touched.

No session, no host name and no redirect to HTTPS: a probe asks by address and over plain HTTP, and gets its answer while
the database is away.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from . import health
from .metrics.page import metrics


def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 if every check is well, else 503. `?only=database,storage` asks for some: a load balancer needs no worker to be alive."""
    names = [name for name in request.GET.get("only", "").split(",") if name]
    if unknown := sorted(set(names) - set(health.CHECKS)):
        return JsonResponse({"status": "unknown check", "unknown": unknown, "known": list(health.CHECKS)}, status=HTTPStatus.BAD_REQUEST)
    findings = health.examine(names or None)
    well = all(finding.ok for finding in findings)
    body = {"status": "ready" if well else "not ready", "checks": {finding.name: finding.as_json() for finding in findings}}
    return JsonResponse(body, status=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


DOORS: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answers the probes; everything else goes on."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        door = DOORS.get(request.path_info.rstrip("/"))
        if door is None:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
        response = door(request)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    return answer
