"""Addresses that people may have saved in version 0.1.0."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "1/change/", "1/history/"])
def test_page_of_the_budget_is_found_at_its_old_address(admin_client: Client, address: Any) -> None:
    response = admin_client.get(f"/admin/providers/house/{address}")
    assert (response.status_code, response["Location"]) == (
        302,
        "/admin/providers/organizationbudget/",
    )
