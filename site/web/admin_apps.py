"""Puts the studio's admin site in the place of Django's; apart from it, because apps are named before models load."""

from django.contrib.admin.apps import AdminConfig


class StudioAdminConfig(AdminConfig):
    default_site = "web.admin_site.AdminSite"
