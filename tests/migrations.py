"""Data migrations called on today's models."""

from typing import Any, ClassVar

from django.apps import apps


class NamesOfThen:
    """Today's models by the names that they had when the migration was written."""

    names: ClassVar = {"House": "OrganizationBudget"}

    def get_model(self, app: str, name: str) -> Any:
        return apps.get_model(app, self.names.get(name, name))
