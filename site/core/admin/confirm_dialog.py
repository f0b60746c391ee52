"""Confirm dialogs: a page that asks on GET and executes on POST, shown in a dialog for htmx
requests.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from core.localized_messages import DomainError

FORBIDDEN = "forbidden"
WHILE_RUNNING = "while-running"


class Failed(str):
    """The message of an action that ran and found a problem. It is shown as an error."""

    __slots__ = ()


class WhileRunning(str):
    """The message of work that was started. It is shown only while that work runs."""

    __slots__ = ()


def ask(
    request: HttpRequest,
    *,
    template: str,
    context: Callable[[], dict[str, Any]],
    act: Callable[[], str],
    back: str,
) -> HttpResponse:
    """Show the confirm dialog, or execute the action and redirect to `back`.

    `template` has a partial named `dialog`. `context` is called each time the dialog is rendered.
    `act` executes the action, on POST only, and returns a message for the user. A DomainError from
    it is shown in the dialog: status 403 if its code is `forbidden`, else 409.
    """
    status = HTTPStatus.OK
    error = ""
    if request.method == "POST":
        try:
            outcome = act()
        except DomainError as failure:
            error = str(failure)
            status = HTTPStatus.FORBIDDEN if failure.code == FORBIDDEN else HTTPStatus.CONFLICT
        else:
            messages.add_message(
                request,
                messages.ERROR if isinstance(outcome, Failed) else messages.SUCCESS,
                outcome,
                extra_tags=WHILE_RUNNING if isinstance(outcome, WhileRunning) else "",
            )
            return (
                HttpResponseClientRedirect(back)
                if in_dialog(request)
                else HttpResponseRedirect(back)
            )
    name = f"{template}#dialog" if in_dialog(request) else template
    return TemplateResponse(
        request, name, {**context(), "error": error, "back": back}, status=status
    )


def back_from(request: HttpRequest, usual: str) -> str:
    """Return the `back` address of the query if it belongs to this site, else `usual`."""
    wanted = request.GET.get("back", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else usual


def in_dialog(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
