"""Providers are on public networks, and a key goes to the host for which it was entered and to no
other.
"""

import asyncio
import socket
from typing import Any

import pytest

from providers import addresses, keys
from providers.client import ProviderClient
from providers.errors import Invalid, KeyUnreadable, Later, NotConfigured
from providers.models import AIProviderConfig
from providers.registry import adapter_for
from providers.services import connections
from tests.fakes.llm import Llm
from tests.fakes.server import Asked, Fake, Reply

KEY = "sk-the-companys-secret-key-0001"


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "64:ff9b::5db8:d822",
        "::ffff:93.184.216.34",
        "2002:5db8:d822::1",
    ],
)
def test_public(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.8",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ),
        *(
            "::1",
            "::",
            "fe80::1",
            "fe80::1%eth0",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
        ),
        *(
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "2001:db8::1",
            "no address",
        ),
    ],
)
def test_not_public(address: str) -> None:
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("::1", "::1"),
        ("api.example.com", None),
        ("cafe.be", None),
    ],
)
def test_addresses_in_disguise(host: str, found: str | None) -> None:
    assert addresses.literal(host) == found


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com/v1", "https://api.example.com:443"),
        ("https://API.example.com.:8443/", "https://api.example.com:8443"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
        ("ftp://api.example.com", ""),
        ("https://api.example.com:99999/", ""),
        ("nothing", ""),
    ],
)
def test_origin(url: str, origin: str) -> None:
    assert addresses.origin(url) == origin


def resolve_to(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    entries = [
        (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443))
        for one in found
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: entries)


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.0.0.8",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "100.64.0.1",
    ],
)
def test_name_that_leads_inside_is_not_connected_to(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "93.184.216.34", inside)
    line = ProviderClient(
        "https://api.example.com", name="Somebody", headers={"Authorization": f"Bearer {KEY}"}
    )
    with pytest.raises(Later, match="not public"):
        line.ask("GET", "/models")
    with pytest.raises(NotConfigured, match="not public"):
        line.post_once("/generate", read=1.0, json={})


def test_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
    assert ProviderClient("https://api.example.com:8443/v1", name="", headers={})._targets(
        "/models"
    ) == [
        (
            "https://93.184.216.34:8443/v1/models",
            {"Host": "api.example.com:8443"},
            {"sni_hostname": "api.example.com"},
        ),
        (
            "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/v1/models",
            {"Host": "api.example.com:8443"},
            {"sni_hostname": "api.example.com"},
        ),
    ]


def test_queue_is_connected_to_at_the_address_that_was_looked_at(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once: another answer a moment later has no effect."""
    resolve_to(monkeypatch, "93.184.216.34")
    asked: list[tuple[Any, Any, bool]] = []

    async def connect(host: str = "", server_hostname: str = "", ssl: Any = None, **_: Any) -> Any:
        resolve_to(monkeypatch, "127.0.0.1")
        asked.append((host, server_hostname, ssl.check_hostname))
        raise OSError("nobody is there")

    monkeypatch.setattr(asyncio, "open_connection", connect)
    config = AIProviderConfig.objects.create(
        provider="queue", kind="bullmq", name="Queue", base_url="rediss://queue.example.com:6380"
    )
    with pytest.raises(Later, match="cannot be reached"):
        adapter_for(config).check()
    assert asked == [("93.184.216.34", "queue.example.com", True)]


class Stranger(Fake):
    """Answers everything with a secret of the network that it stands in."""

    key = ""
    routes = [("GET", ".*", "any"), ("POST", ".*", "any")]
    reply = Reply(200, b"ami-id AWS_SECRET=abcd1234secretmetadata")

    def is_paid(self, asked: Asked) -> bool:
        return True

    def any(self, asked: Asked) -> Reply:
        return self.reply


@pytest.fixture
def stranger() -> Any:
    with Stranger() as fake:
        yield fake


@pytest.fixture
def llm(db: None, settings: Any) -> AIProviderConfig:
    settings.PROVIDER_KEYS = {}
    config = AIProviderConfig.objects.get(provider="llm")
    keys.put_key(config, KEY)
    config.save()
    return config


def test_key_is_not_sent_to_another_host(
    llm: AIProviderConfig, stranger: Stranger, settings: Any
) -> None:
    settings.PROVIDER_PRIVATE_HOSTS = ["127.0.0.1"]
    llm.base_url = f"{stranger.url}/steal"
    llm.save()
    with pytest.raises(KeyUnreadable, match="entered for another address"):
        adapter_for(llm).check()
    assert (stranger.asked, keys.has_key(llm)) == ([], False)
    keys.put_key(llm, "sk-typed-for-this-host")
    adapter_for(llm).check()
    assert stranger.asked[0].headers["authorization"] == "Bearer sk-typed-for-this-host"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://api.openai.com/v2", KEY),
        ("https://api.openai.com:8443/v1", ""),
        ("https://api.openai.com.evil.example/v1", ""),
    ],
)
def test_key_of_the_environment_goes_to_its_own_host_only(
    url: str, sent: str, llm: AIProviderConfig, settings: Any
) -> None:
    keys.put_key(llm, "")
    settings.PROVIDER_KEYS = {"llm": KEY}
    llm.base_url = url
    assert (keys.key_of(llm), keys.has_key(llm)) == (sent, bool(sent))


def test_key_of_the_environment_goes_to_the_host_that_the_environment_names(
    llm: AIProviderConfig, settings: Any
) -> None:
    settings.PROVIDER_KEYS = {"llm": "sk-from-the-environment-000777"}
    settings.PROVIDER_ADDRESSES = {"llm": "https://models.example.com/openai/v1"}
    llm.base_url = "https://models.example.com/v1"
    assert keys.key_of(llm) == "sk-from-the-environment-000777"


def test_another_host_needs_the_key_typed_again(llm: AIProviderConfig, admin_user: Any) -> None:
    with pytest.raises(Invalid, match="enter the key for it"):
        connections.change(llm, actor=admin_user, base_url="https://models.example.com/v1")
    llm = connections.change(
        llm, actor=admin_user, base_url="https://api.openai.com/v2"
    )  # the same host
    assert keys.key_of(llm) == KEY
    connections.change(
        llm, actor=admin_user, base_url="https://models.example.com/v1", key="sk-for-the-new-one-1"
    )
    llm.refresh_from_db()
    assert (keys.key_of(llm), llm.key_origin) == (
        "sk-for-the-new-one-1",
        "https://models.example.com:443",
    )


def form_of(config: AIProviderConfig, **changes: Any) -> dict[str, Any]:
    values = {
        "name": config.name,
        "base_url": config.base_url,
        "settings": "{}",
        "new_key": "",
        "monthly_budget": "",
    }
    inline = {
        "models-TOTAL_FORMS": "0",
        "models-INITIAL_FORMS": "0",
        "models-MIN_NUM_FORMS": "0",
        "models-MAX_NUM_FORMS": "1000",
    }
    return values | inline | changes


@pytest.mark.moderate
def test_form_asks_for_the_key_of_the_new_host(llm: AIProviderConfig, admin_client: Any) -> None:
    address = f"/admin/providers/aiproviderconfig/{llm.pk}/change/"
    page = admin_client.post(address, form_of(llm, base_url="https://evil.example/steal"))
    assert page.status_code == 200
    assert "The address leads to another host" in page.content.decode()
    llm.refresh_from_db()
    assert llm.base_url == "https://api.openai.com/v1"
    assert (
        admin_client.post(
            address,
            form_of(llm, base_url="https://models.example.com/v1", new_key="sk-typed-again-0001"),
        ).status_code
        == 302
    )
    llm.refresh_from_db()
    assert (llm.base_url, keys.key_of(llm)) == (
        "https://models.example.com/v1",
        "sk-typed-again-0001",
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8032/latest/?x=",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "http://models.example/v1",
    ],
)
def test_form_takes_no_address_inside(url: str, llm: AIProviderConfig, admin_client: Any) -> None:
    page = admin_client.post(
        f"/admin/providers/aiproviderconfig/{llm.pk}/change/",
        form_of(llm, base_url=url, new_key="sk-typed-again-0001"),
    )
    assert page.status_code == 200
    llm.refresh_from_db()
    assert llm.base_url == "https://api.openai.com/v1"


def test_form_tells_a_setting_that_makes_no_sense(llm: AIProviderConfig, admin_client: Any) -> None:
    page = admin_client.post(
        f"/admin/providers/aiproviderconfig/{llm.pk}/change/",
        form_of(llm, settings='{"send_timeout": "5 s"}'),
    )
    assert (page.status_code, "must be a number from 1 to 1800" in page.content.decode()) == (
        200,
        True,
    )


@pytest.mark.parametrize("status", [200, 404, 500])
def test_test_of_the_connection_shows_nothing_of_the_answer(
    status: int, llm: AIProviderConfig, stranger: Stranger, settings: Any, admin_client: Any
) -> None:
    settings.PROVIDER_PRIVATE_HOSTS = ["127.0.0.1"]
    stranger.reply = Reply(status, b"ami-id AWS_SECRET=abcd1234secretmetadata")
    llm.base_url = stranger.url
    keys.put_key(llm, KEY)
    llm.save()
    page = admin_client.post(
        f"/admin/providers/aiproviderconfig/{llm.pk}/do/check/", follow=True
    ).content.decode()
    assert (f"HTTP {status}" in page, "AWS_SECRET" in page, "ami-id" in page) == (
        True,
        False,
        False,
    )


def test_models_of_a_stranger_are_counted_and_not_named(
    llm: AIProviderConfig, stranger: Stranger, settings: Any
) -> None:
    settings.PROVIDER_PRIVATE_HOSTS = ["127.0.0.1"]
    stranger.reply = Reply(200, {"data": [{"id": "AWS_SECRET=abcd"}, {"id": "b"}]})
    llm.base_url = stranger.url
    keys.put_key(llm, KEY)
    assert adapter_for(llm).check().facts == {"models": "2"}


def test_host_on_a_network_of_one_s_own_is_taken_when_the_installation_names_it(
    llm: AIProviderConfig, settings: Any
) -> None:
    with Llm() as fake:
        llm.base_url = fake.base
        with pytest.raises(NotConfigured):
            adapter_for(llm).ready()
        settings.PROVIDER_PRIVATE_HOSTS = [fake.url.removeprefix("http://")]
        keys.put_key(llm, Llm.key)
        assert adapter_for(llm).check().ok is True
