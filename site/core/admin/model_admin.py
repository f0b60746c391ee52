"""The base of the studio's admin pages."""

from django import forms
from unfold.admin import ModelAdmin as UnfoldModelAdmin

# What turns titles into parts of addresses, which no form of the studio does: 50 kB before the
# page is painted.
UNUSED = (
    "admin/js/urlify.js",
    "admin/js/prepopulate.js",
    "admin/js/vendor/xregexp/xregexp.js",
    "admin/js/vendor/xregexp/xregexp.min.js",
)


class ModelAdmin(UnfoldModelAdmin):
    """Unfold's, without the scripts that no page of the studio uses."""

    @property
    def media(self) -> forms.Media:
        found = super().media
        scripts = [script for script in found._js if script not in UNUSED]  # noqa: SLF001  Django's admin reads both, too
        return forms.Media(css=found._css, js=scripts)  # noqa: SLF001
