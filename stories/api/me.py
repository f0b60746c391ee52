"""The current user and their permissions."""

import msgspec

from api.routes import Call

from .base import ME, api


class MeOut(msgspec.Struct):
    id: int
    username: str
    name: str
    email: str
    roles: list[str]
    permissions: list[str]


@api.get("me/", tag=ME, summary="Show who asks")
def get_me(call: Call) -> MeOut:
    user = call.user
    roles = sorted(user.groups.values_list("name", flat=True))
    return MeOut(
        user.pk,
        user.get_username(),
        user.get_full_name(),
        user.email,
        roles,
        sorted(user.get_all_permissions()),
    )
