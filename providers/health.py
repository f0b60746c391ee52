"""What a test of the connection tells: the answer's status and words of our own, never what a stranger's server wrote."""

from django.utils.translation import gettext as _

from .adapters import Health
from .http import Answer
from .models import AIProviderConfig


def failed(answer: Answer) -> Health:
    """It answered, and not as the provider would."""
    words = {401: _("the key is not accepted"), 403: _("the key is not accepted"), 404: _("there is no such page: is the address right?")}
    told = words.get(answer.status, _("this is not an answer of the provider") if answer.ok else "")
    return Health(ok=False, facts={"answer": f"HTTP {answer.status}{f', {told}' if told else ''}"})


def own_models(config: AIProviderConfig) -> list[str]:
    """The names of models that this studio itself knows for the provider."""
    named = [config.settings.get(name) for name in ("default_model", "image_model", "clip_model", "text_model")] if isinstance(config.settings, dict) else []
    rows = config.models.values_list("name", flat=True)
    return list(dict.fromkeys([*rows, *(str(name) for name in named if name)]))
