"""The current user and their permissions."""

import msgspec

from api.controllers import ApiController, operation

from .base import ME, api


class MeOut(msgspec.Struct):
    id: int
    username: str
    name: str
    email: str
    roles: list[str]
    permissions: list[str]


@api.at("me/")
class MeController(ApiController):
    tags = (ME,)

    @operation("get_me", summary="Show who asks")
    def get(self) -> MeOut:
        """The account of the token or key, and its roles."""
        user = self.user
        roles = sorted(user.groups.values_list("name", flat=True))
        return MeOut(
            user.pk,
            user.get_username(),
            user.get_full_name(),
            user.email,
            roles,
            sorted(user.get_all_permissions()),
        )
