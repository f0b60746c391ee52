"""The names of roles in words. A role that an administrator added has its own name."""

from django.utils.functional import Promise
from django.utils.translation import gettext_noop, pgettext_lazy

LABELS: dict[str, Promise | str] = {
    "viewer": pgettext_lazy("role", "Viewer"),
    "producer": pgettext_lazy("role", "Producer"),
    "manager": pgettext_lazy("role", "Manager"),
}

# A stored message keeps a name without its context.
STORED = (gettext_noop("Viewer"), gettext_noop("Producer"), gettext_noop("Manager"))


def label_of(name: str) -> str:
    return str(LABELS.get(name, name))
