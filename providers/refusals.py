"""What the words of a refusal tell, where its number alone does not."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .http import Answer

# "You do not have access to this model" pauses nobody: another model, and the key, are as good as before.
ACCOUNT = re.compile(
    r"\b(models?|engines?|features?|versions?|endpoints?|plans?|tiers?|subscriptions?|regions?|countr(?:y|ies)|territor(?:y|ies)|betas?|preview)\b"
    r"|not (?:available|enabled|supported|included)|\bupgrade\b|access to (?!the api\b)",
    re.IGNORECASE,
)
CREDENTIAL = re.compile(
    r"api[ _-]?key|\bkeys?\b|\btokens?\b|credential|unauthenticated|authenticat|unauthorized|\bsuspended\b|account (?:is )?disabled",
    re.IGNORECASE,
)


def is_about_the_account(words: str) -> bool:
    """Whether a 403 says that this account may not use something, and not that its key is wrong."""
    return bool(ACCOUNT.search(words)) and not CREDENTIAL.search(words)


def is_about_the_key(words: str) -> bool:
    return bool(CREDENTIAL.search(words))


def is_key_refused(answer: "Answer", words: str) -> bool:
    """Whether the answer to a question about a task says that the key is no good."""
    return answer.status == 401 or (answer.status == 403 and is_about_the_key(words))  # noqa: PLR2004  unauthorized, forbidden
