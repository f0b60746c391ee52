"""Replaces Django's admin site with the studio's. A separate module, because apps are configured
before models load.
"""

from django.contrib.admin.apps import AdminConfig


class StudioAdminConfig(AdminConfig):
    default_site = "accounts.admin_site.AdminSite"
