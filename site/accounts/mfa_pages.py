"""Pages for two-factor authentication, and the middleware that enforces it."""

import io
from collections.abc import Callable
from typing import Any

import segno
from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit, login_throttle, mfa, sessions
from api.problems import Problem
from core.admin.confirm_dialog import ask, in_dialog
from core.localized_messages import LocalizedMessage

# Pages reachable without a required second factor: its own page, log-in and log-out, and page
# resources.
OPEN = frozenset(
    {
        "admin:second_factor",
        "admin:logout",
        "admin:login",
        "admin:language",
        "admin:jsi18n",
        "media",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_add_webauthn",
    }
)
ELSEWHERE = ("/api/", "/static/")  # the API has its own check

type Answer = Callable[[HttpRequest], HttpResponseBase]


def middleware(get_response: Answer) -> Answer:
    """Redirect users who must pass or set up the second factor to its page."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_view(request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        match = request.resolver_match
        if (
            request.path_info.startswith(ELSEWHERE)
            or (match and match.view_name in OPEN)
            or not mfa.stands_in_the_way(request)
        ):
            return None
        back = {"next": request.get_full_path()} if request.method == "GET" else {}
        return HttpResponseRedirect(f"{reverse('admin:second_factor')}?{urlencode(back)}")

    answer.process_view = process_view  # type: ignore[attr-defined]  # where Django looks for it
    return answer


def qr_code(text: str) -> SafeString:
    """Return an inline SVG. It is dark on white in both themes, because cameras require it."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
        svgclass="vp-qr",
        lineclass=None,
    )
    return mark_safe(drawn.getvalue().decode())  # noqa: S308  made of squares by segno


@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the available actions: begin, confirm, pass, renew the recovery codes, remove.

    Only POST changes anything.
    """
    user = request.user
    assert isinstance(user, User)
    error, codes = "", None
    if request.method == "POST":
        try:
            outcome = ACTIONS[request.POST.get("do", "")](request, user)
        except Problem as problem:
            error = str(problem.sentence)
        except KeyError:
            return HttpResponse(status=400)
        else:
            if isinstance(outcome, HttpResponse):
                return outcome
            codes = outcome
    return TemplateResponse(
        request,
        "studio/second_factor.html",
        _context(request, user) | {"error": error, "codes": codes},
        status=409 if error else 200,
    )


def _context(request: HttpRequest, user: User) -> dict[str, Any]:
    site: Any = admin.site
    secret = mfa.pending_secret(request, user)
    since = mfa.set_up_since(user)
    return site.page_context(  # type: ignore[no-any-return]  # the site class is ours
        request,
        title=_("Second factor"),
        crumbs=[],
        on=since is not None,
        since=since,
        has_app=mfa.has_app(user),
        passkeys=mfa.passkeys(user),
        codes_left=mfa.recovery_codes_left(user) if since else 0,
        qr=qr_code(mfa.address_of(user, secret)) if secret else "",
        secret=mfa.grouped(secret) if secret else "",
        demanded=mfa.is_demanded(user),
        to_pass=since is not None and mfa.stands_in_the_way(request),
        proved=mfa.may_change_factors(request),
        next=_next(request),
    )


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def _again(request: HttpRequest) -> HttpResponseRedirect:
    wanted = _next(request)
    return HttpResponseRedirect(
        f"{reverse('admin:second_factor')}{f'?{urlencode({"next": wanted})}' if wanted else ''}"
    )


def _code(request: HttpRequest) -> str:
    return request.POST.get("code", "")[:40]


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    """Begin to connect an app. A session that began a while ago may be a thief's: ask first."""
    back = _again(request)
    if not mfa.may_begin(request, user):
        (way, *_others) = get_adapter().get_reauthentication_methods(user)
        return HttpResponseRedirect(f"{way['url']}?{urlencode({'next': back.url})}")
    mfa.begin(request, user)
    return back


def _confirm(request: HttpRequest, user: User) -> list[str]:
    codes = login_throttle.confirm_mfa(request, user, _code(request))
    request.session.pop(mfa.PENDING, None)
    set_up(request, user, gettext_noop("The second factor was set up."))
    return codes


def set_up(request: HttpRequest, user: User, message: str) -> None:
    """End the other log-ins of a user who has a new factor: they used the password alone."""
    request.session[mfa.PASSED] = True
    sessions.end_all(user, but=request.session.session_key)
    written(user, user, message)


def _pass(request: HttpRequest, user: User) -> HttpResponse:
    login_throttle.verify_mfa(request, user, _code(request))
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)
    request.session[mfa.PASSED] = True
    return HttpResponseRedirect(_next(request) or reverse("admin:index"))


def _cancel(request: HttpRequest, user: User) -> HttpResponse:  # noqa: ARG001  the signature of an action
    request.session.pop(mfa.PENDING, None)
    return _again(request)


def _renew(request: HttpRequest, user: User) -> list[str]:
    _prove(request, user)
    written(user, user, gettext_noop("New recovery codes were made."))
    return mfa.new_recovery_codes(user)


def _remove(request: HttpRequest, user: User) -> HttpResponse:
    if mfa.has_app(user):
        _prove(request, user)
        written(user, user, gettext_noop("The second factor was taken off."))
        mfa.remove_app(user)
    if not mfa.is_set_up(user):
        request.session.pop(mfa.PASSED, None)
    return _again(request)


def _prove(request: HttpRequest, user: User) -> None:
    """Require a code, unless a passkey was used within the last minutes."""
    if not (mfa.is_set_up(user) and mfa.may_change_factors(request)):
        login_throttle.verify_mfa(request, user, _code(request))


ACTIONS: dict[str, Callable[[HttpRequest, User], HttpResponse | list[str]]] = {
    "begin": _begin,
    "confirm": _confirm,
    "cancel": _cancel,
    "pass": _pass,
    "renew": _renew,
    "remove": _remove,
}


def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a superuser remove the second factor of another user who lost the phone and the codes.

    Superusers need a code to remove their own.
    """
    if not request.user.is_superuser:
        raise PermissionDenied
    if request.user.pk == pk:
        own = reverse("admin:second_factor")
        return HttpResponseClientRedirect(own) if in_dialog(request) else HttpResponseRedirect(own)
    person = get_object_or_404(User, pk=pk)
    site: Any = admin.site

    def act() -> str:
        if mfa.remove(person):
            sessions.end_all(person)
            written(request.user, person, gettext_noop("The second factor was reset."))
        return _(
            "%(name)s now logs in with the password alone, until a new second factor is set up."
        ) % {"name": person.get_username()}

    return ask(
        request,
        template="studio/second_factor_reset.html",
        context=lambda: site.page_context(
            request, title=_("Reset second factor"), crumbs=[], person=person
        ),
        act=act,
        back=reverse("admin:auth_user_change", args=[person.pk]),
    )


def written(actor: Any, person: User, what: str) -> None:
    """Add an entry to the account's history, and through it to the audit log."""
    audit.log(actor, person, LocalizedMessage(what))
