"""Responses that could not be understood, encrypted."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .provider_call import ProviderCall


class RawAnswer(models.Model):
    """A provider's response that could not be parsed.

    It is encrypted, stored for a limited time and never shown; a person can have it parsed again.
    """

    call = models.OneToOneField(
        ProviderCall, models.PROTECT, related_name="raw_answer", verbose_name=_("call")
    )
    encrypted = models.BinaryField(
        default=b"", blank=True, help_text=_("The encrypted answer, when it is small.")
    )
    file = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("Name of the encrypted answer in the media storage, when it is large."),
    )
    size = models.PositiveIntegerField(
        _("size (bytes)"), help_text=_("Of what was kept, before it was encrypted.")
    )
    is_cut = models.BooleanField(
        _("cut"), default=False, help_text=_("The answer was larger than what is kept of it.")
    )
    stored_at = models.DateTimeField(_("kept"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("answer that was not understood")
        verbose_name_plural = _("answers that were not understood")

    def __str__(self) -> str:
        return str(self.call_id)
