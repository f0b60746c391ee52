"""Filters that a person has kept under a name."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stories.enums import ViewPage

NAME_LENGTH, QUERY_LENGTH = 60, 500  # characters


class SavedView(models.Model):
    """The parameters of an address of the board or the story list, kept by one person.

    A view of the board belongs to no story: its filters are the same for each.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    page = models.CharField(_("page"), max_length=7, choices=ViewPage)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    query = models.CharField(_("filters"), max_length=QUERY_LENGTH)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "page", "name"), name="saved_view_once"),
        )

    def __str__(self) -> str:
        return self.name
