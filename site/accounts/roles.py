"""The names of roles in words. A role that an administrator added has its own name."""

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

LABELS: dict[str, Promise | str] = {
    "viewer": pgettext_lazy("role", "Viewer"),
    "producer": pgettext_lazy("role", "Producer"),
    "manager": pgettext_lazy("role", "Manager"),
}


def label_of(name: str) -> str:
    return str(LABELS.get(name, name))
