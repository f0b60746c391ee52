"""What has been told of and is not told of again."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Occurrence(models.Model):
    """The key of something that is told of once, such as 80 % of a month's budget."""

    key = models.CharField(primary_key=True, max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("news that was told once")
        verbose_name_plural = _("news that were told once")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
