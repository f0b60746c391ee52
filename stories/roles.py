"""The three staff roles and their permissions, synchronized after each migration."""

from typing import Any

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("stories.view_*", "jobs.view_job", "providers.view_aiproviderconfig"),
    "producer": (
        "stories.view_*",
        "stories.add_story",
        "stories.change_story",
        "stories.start_planning",
        "stories.generate_preview",
        "stories.render_final",
        "stories.archive_story",
        "stories.retry_story",
        "jobs.view_job",
        "providers.view_aiproviderconfig",
        "providers.view_providercall",
    ),
    "manager": ("stories.*", "jobs.view_*", "jobs.change_job", "providers.*"),
}


# Administrators only: a limit has no effect on people who can lift it.
KEPT = frozenset({"providers.set_plan_limits", "stories.view_all_projects"})


def sync_roles(**_: Any) -> None:
    """Create the groups and set exactly these permissions.

    A receiver of `post_migrate`, when all permissions exist.
    """
    # Available only after the apps are loaded
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415

    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for role, patterns in ROLES.items():
        group, _made = Group.objects.get_or_create(name=role)
        group.permissions.set(
            [
                pk
                for name, pk in known.items()
                if name not in KEPT and any(_fits(name, pattern) for pattern in patterns)
            ]
        )


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
