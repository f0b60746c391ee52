"""Result of a connection test.

It contains the response status and our own words, never text from the server.
"""

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage

from .adapters import Health
from .client import ProviderResponse
from .enums import Kind
from .models import AIProviderConfig

NO_KEY = gettext_noop("the key is not accepted")
REASONS = {
    401: NO_KEY,
    403: NO_KEY,
    404: gettext_noop("there is no such page: is the address right?"),
}
SOMETHING_ELSE = gettext_noop("this is not an answer of the provider")


def failed(answer: ProviderResponse) -> Health:
    """Return the result for a response that is not what the provider would send."""
    status = f"HTTP {answer.status}"
    reason = REASONS.get(answer.status, SOMETHING_ELSE if answer.ok else "")
    if not reason:
        return Health(ok=False, facts={"answer": status}, why=LocalizedMessage(status))
    why = LocalizedMessage(
        "%(status)s, %(reason)s", {"status": status, "reason": LocalizedMessage(reason)}
    )
    return Health(ok=False, facts={"answer": str(why)}, why=why)


def own_models(config: AIProviderConfig) -> list[str]:
    """Return the model names that this installation has configured for the provider."""
    fields = ("default_model", *(f"{kind}_model" for kind in Kind))
    named = (
        [config.settings.get(name) for name in fields] if isinstance(config.settings, dict) else []
    )
    rows = config.models.values_list("name", flat=True)
    return list(dict.fromkeys([*rows, *(str(name) for name in named if name)]))
