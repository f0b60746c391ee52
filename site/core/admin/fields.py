"""Form fields that report a validation error where Django's own crash.

The cause is numbers too long for Python or a database, or deep nesting.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import ModelMultipleChoiceField
from django.forms.fields import InvalidJSONInput

from core.numbers import whole_number


class BoundedJsonField(forms.JSONField):
    def to_python(self, value: Any) -> Any:
        """Raise ValidationError also for integers with thousands of digits and for excessive
        nesting.
        """
        try:
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": ""}
            ) from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return the input as it was typed if it cannot be parsed."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return super().has_changed(initial, data)
        except (ValueError, RecursionError):
            return True


# The class takes no arguments at run time
class BoundedChoicesField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A multiple choice field for models with integer keys."""

    def clean(self, value: Any) -> Any:
        for one in value or ():
            if whole_number(str(one)) is None:
                raise ValidationError(
                    self.error_messages["invalid_pk_value"],
                    code="invalid_pk_value",
                    params={"pk": str(one)[:20]},
                )
        return super().clean(value)
