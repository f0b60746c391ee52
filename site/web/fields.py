"""Form fields that refuse in words what Django's own end with a crash: numbers longer than Python or a database reads."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import ModelMultipleChoiceField
from django.forms.fields import InvalidJSONInput

from .numbers import whole_number


class BoundedJsonField(forms.JSONField):
    def to_python(self, value: Any) -> Any:
        """Raises ValidationError also for an integer of thousands of digits and for nesting without end."""
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": ""}) from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the form shows again: as it was typed, where it cannot be read."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except (ValueError, RecursionError):
            return True


class BoundedChoicesField(ModelMultipleChoiceField):  # type: ignore[type-arg]  # the class takes no arguments at run time
    """For models whose keys are integers."""

    def clean(self, value: Any) -> Any:
        for one in value or ():
            if whole_number(str(one)) is None:
                raise ValidationError(self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": str(one)[:20]})
        return super().clean(value)
