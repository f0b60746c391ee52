"""What has been told of and is not told of again."""

from django.db import models
from django.utils import timezone


class Occurrence(models.Model):
    """The key of something that is told of once, such as 80 % of a month's budget."""

    key = models.CharField(primary_key=True, max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
