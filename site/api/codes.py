"""Every code of a problem document: stable, for programs, and listed in the document.

Codes of domain errors are attributes of their classes: `code`, or `codes` where each error has one
of several. The others are given
where a problem is raised; `OWN` lists them, and a test compares it with the code.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from core.localized_messages import DomainError

from .problems import status_of

# The status of each, and what it means.
OWN: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be understood."),
    "duplicate_field": (400, "The JSON body names a field twice."),
    "invalid_cursor": (400, "The cursor is not valid, or belongs to other filters."),
    "malformed_body": (400, "The body ended too early."),
    "malformed_form": (400, "The body is not valid multipart/form-data."),
    "malformed_json": (400, "The body is not valid JSON, or nested too deeply."),
    "api_key_expired": (401, "The API key has expired. An administrator can rotate it."),
    "api_key_invalid": (401, "The API key is unknown or was revoked."),
    "code_required": (401, "The account has a second factor: send its `code` too."),
    "not_authenticated": (
        401,
        "The request is not authenticated: send a token, an API key or a session.",
    ),
    "refresh_token_invalid": (401, "The refresh token is unknown, expired or was used before."),
    "token_expired": (401, "The access token has expired: exchange the refresh token."),
    "token_invalid": (401, "The access token is not one of this studio."),
    "wrong_code": (401, "The code of the second factor is wrong or was used already."),
    "wrong_credentials": (401, "The name or the password is wrong."),
    "csrf_failed": (403, "A change by a session needs its X-CSRFToken header."),
    "forbidden": (403, "You may see this, but not do it."),
    "form_too_old": (403, "The page was opened before the last log-in."),
    "scope_missing": (403, "The API key lacks the scope: `read` or `write`."),
    "second_factor_missing": (403, "Your role needs a second factor: set one up in the browser."),
    "sign_on_only": (403, "Tokens come from the company's sign-on; none is given for a password."),
    "not_found": (404, "There is nothing here that you may see."),
    "unknown_address": (404, "The address does not exist."),
    "method_not_allowed": (
        405,
        "The address does not support the method; see Allow.",
    ),
    "idempotency_answer_lost": (
        409,
        "The request with this Idempotency-Key was done; its answer cannot be read any more.",
    ),
    "idempotency_key_running": (409, "The first request with this Idempotency-Key still runs."),
    "length_required": (411, "The length of the body must be sent (Content-Length)."),
    "precondition_failed": (
        412,
        "If-Match names another version than there is now. Nothing was written; read it again.",
    ),
    "too_large": (413, "The body is longer than this address takes."),
    "unsupported_media_type": (415, "The body has another type than the one in Accept."),
    "idempotency_key_reused": (422, "The Idempotency-Key was used for another request."),
    "invalid": (422, "Some values are not valid; `errors` lists each with its place."),
    "rate_limited": (429, "The API key has sent too many requests; see Retry-After."),
    "too_many_attempts": (429, "Too many attempts to log in; see Retry-After."),
    "internal_error": (500, "Something went wrong on our side; `instance` is its number."),
    "database_away": (503, "The database does not answer at the moment; see Retry-After."),
    "sign_on_unreachable": (503, "The company's sign-on does not answer at the moment."),
}

# Errors of commands, and of jobs at a provider: no request is answered with them. Whether their
# modules are imported differs between processes.
NOT_ANSWERED = ("operations.", "providers.backends.", "tests.")


def _kinds(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for sub in kind.__subclasses__():
        if not sub.__module__.startswith(NOT_ANSWERED):
            yield sub
            yield from _kinds(sub)


def statuses() -> dict[str, list[int]]:
    """Returns the statuses of every code, sorted by code."""
    found: dict[str, set[int]] = {code: {status} for code, (status, _meaning) in OWN.items()}
    for kind in _kinds():
        for code in getattr(kind, "codes", (kind.code,)):
            found.setdefault(code, set()).add(status_of(kind))
    return {code: sorted(found[code]) for code in sorted(found)}


def every() -> list[str]:
    """Returns all codes, sorted."""
    return list(statuses())


def catalogue(meanings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Returns each code with statuses and meaning. `meanings` are those of domain errors."""
    own = {code: meaning for code, (_status, meaning) in OWN.items()}
    return [
        {"code": code, "statuses": found, "description": own.get(code) or meanings.get(code, "")}
        for code, found in statuses().items()
    ]
