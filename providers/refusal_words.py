"""Interprets the text of a refusal where its status code is not sufficient."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import ProviderResponse

# "You do not have access to this model" does not pause the provider: other models and the key still
# work.
ACCOUNT = re.compile(
    r"\b(models?|engines?|features?|versions?|endpoints?|plans?|tiers?|subscriptions?"
    r"|regions?|countr(?:y|ies)|territor(?:y|ies)|betas?|preview)\b"
    r"|not (?:available|enabled|supported|included)|\bupgrade\b|access to (?!the api\b)",
    re.IGNORECASE,
)
CREDENTIAL = re.compile(
    (
        r"api[ "
        r"_-]?key|\bkeys?\b|\btokens?\b|credential|unauthenticated|authenticat|unauthorized|"
        r"\bsuspended\b|account "
        r"(?:is )?disabled"
    ),
    re.IGNORECASE,
)


def is_about_the_account(words: str) -> bool:
    """Return whether a 403 is about what the account may use, not about a wrong key."""
    return bool(ACCOUNT.search(words)) and not CREDENTIAL.search(words)


def is_about_the_key(words: str) -> bool:
    return bool(CREDENTIAL.search(words))


def is_key_refused(answer: "ProviderResponse", words: str) -> bool:
    """Return whether the response to a poll means that the key is rejected."""
    return answer.status == 401 or (answer.status == 403 and is_about_the_key(words))  # noqa: PLR2004  unauthorized, forbidden
