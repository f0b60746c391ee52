"""A question before something happens: a page that asks on GET and does on POST; inside a dialog when htmx asks for it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from ground.sentence import SaidError

FORBIDDEN = "forbidden"


class Failed(str):
    """What is said of an act that was done and found something wrong: shown as an error, not as a success."""

    __slots__ = ()


def ask(
    request: HttpRequest,
    *,
    template: str,
    context: Callable[[], dict[str, Any]],
    act: Callable[[], str],
    back: str,
) -> HttpResponse:
    """Show the question, or do what was asked for and go `back`.

    `template` has a partial named `dialog`; `context` is made anew when the question is shown again. `act` does the one
    thing and returns a sentence for the person; a `SaidError` from it is shown where the question was: 403 if it is
    about permission, else 409. Only POST acts.
    """
    status = HTTPStatus.OK
    error = ""
    if request.method == "POST":
        try:
            said = act()
        except SaidError as failure:
            error = str(failure)
            status = HTTPStatus.FORBIDDEN if failure.code == FORBIDDEN else HTTPStatus.CONFLICT
        else:
            messages.add_message(request, messages.ERROR if isinstance(said, Failed) else messages.SUCCESS, said)
            return HttpResponseClientRedirect(back) if in_dialog(request) else HttpResponseRedirect(back)
    name = f"{template}#dialog" if in_dialog(request) else template
    return TemplateResponse(request, name, {**context(), "error": error, "back": back}, status=status)


def back_from(request: HttpRequest, usual: str) -> str:
    """Where a question leads back to: the page of this site that its address names in `back`, else the usual one."""
    wanted = request.GET.get("back", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else usual


def in_dialog(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
