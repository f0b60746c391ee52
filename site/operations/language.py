"""The interface language, stored with the account so that it applies on every machine."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from .models import Preference

SESSION_KEY = "studio_language"


@receiver(user_logged_in)
def remember(
    sender: type[AbstractUser],  # noqa: ARG001
    request: HttpRequest | None,
    user: Any,
    **kwargs: Any,  # noqa: ARG001  the signal's form
) -> None:
    """Stores the user's language in the session, so that no page has to query it."""
    if request is not None and (language := stored_language(user)):
        request.session[SESSION_KEY] = language


def stored_language(user: Any) -> str:
    """The language that the person has chosen; empty if none."""
    found = Preference.objects.filter(user=user).values_list("language", flat=True).first()
    return found or ""


def middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Activates the user's language. Runs after the session middleware; LocaleMiddleware serves
    everybody else.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        language = (
            request.session.get(SESSION_KEY)
            if settings.SESSION_COOKIE_NAME in request.COOKIES
            else None
        )
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return answer


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Sets the language of this browser and, for a logged-in user, of the account.

    An unknown language changes nothing.
    """
    back = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"
    response = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        Preference.objects.update_or_create(user=request.user, defaults={"language": language})
        request.session[SESSION_KEY] = language
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response
