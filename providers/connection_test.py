"""Result of a connection test.

It contains the response status and our own words, never text from the server.
"""

from django.utils.translation import gettext as _

from .adapters import Health
from .client import ProviderResponse
from .enums import Kind
from .models import AIProviderConfig


def failed(answer: ProviderResponse) -> Health:
    """Return the result for a response that is not what the provider would send."""
    words = {
        401: _("the key is not accepted"),
        403: _("the key is not accepted"),
        404: _("there is no such page: is the address right?"),
    }
    reason = words.get(
        answer.status, _("this is not an answer of the provider") if answer.ok else ""
    )
    return Health(
        ok=False, facts={"answer": f"HTTP {answer.status}{f', {reason}' if reason else ''}"}
    )


def own_models(config: AIProviderConfig) -> list[str]:
    """Return the model names that this installation has configured for the provider."""
    fields = ("default_model", *(f"{kind}_model" for kind in Kind))
    named = (
        [config.settings.get(name) for name in fields] if isinstance(config.settings, dict) else []
    )
    rows = config.models.values_list("name", flat=True)
    return list(dict.fromkeys([*rows, *(str(name) for name in named if name)]))
