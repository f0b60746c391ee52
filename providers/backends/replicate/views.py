"""View that receives Replicate's webhooks."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from providers.errors import Forbidden, ProviderError

from . import webhook

MOST_BYTES = 2 * 1024 * 1024
MOST_DIGITS = 9


@csrf_exempt  # the sender is authenticated by its signature
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """Receive a webhook: 204 accepted, 403 wrong signature, 413 too large, 503 send again."""
    length = request.headers.get("content-length") or "0"
    if (
        not (length.isascii() and length.isdigit())
        or len(length) > MOST_DIGITS
        or int(length) > MOST_BYTES
    ):
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        webhook.require_form(headers)
        webhook.receive(headers, request.body, attempt=request.GET.get("attempt", ""))
    except Forbidden:
        return HttpResponse(status=403)
    except ProviderError:
        return HttpResponse(status=503)
    return HttpResponse(status=204)
