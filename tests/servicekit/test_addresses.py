"""Addresses: who asks a service looks where it listens."""

import pytest
from pydantic import ValidationError

from servicekit.addresses import Addresses, client_url

_VARIABLES = ("NTDEMO_HOST", "NTDEMO_PORT", "TRAINER_HOST", "TRAINER_PORT", "NTDEMO_TRAINER_URL", "VIZ_HOST", "VIZ_DASH_PORT")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of these variables."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_variables_everything_is_on_this_machine(environment: pytest.MonkeyPatch) -> None:
    addresses = Addresses()
    assert addresses.scores_url == "http://localhost:3030"
    assert addresses.trainer_url == "http://localhost:3031"
    assert (addresses.viz_host, addresses.dash_port) == ("localhost", 8050)


def test_a_service_that_listens_elsewhere_is_asked_there(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NTDEMO_PORT", "4030")
    environment.setenv("TRAINER_HOST", "0.0.0.0")  # noqa: S104 - nothing binds here
    environment.setenv("TRAINER_PORT", "4031")
    assert Addresses().scores_url == "http://localhost:4030"
    assert Addresses().trainer_url == "http://127.0.0.1:4031"


def test_a_clients_own_variable_goes_before(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRAINER_PORT", "4031")
    environment.setenv("NTDEMO_TRAINER_URL", "https://trainer.example.org/api")
    assert Addresses().trainer_url == "https://trainer.example.org/api"


def test_an_empty_variable_is_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NTDEMO_TRAINER_URL", "")
    environment.setenv("TRAINER_PORT", "")
    assert Addresses().trainer_url == "http://localhost:3031"


@pytest.mark.parametrize(
    ("name", "value"), [("TRAINER_PORT", "many"), ("NTDEMO_PORT", "70000"), ("NTDEMO_TRAINER_URL", "trainer")]
)
def test_a_wrong_value_names_its_variable(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError) as error:
        Addresses()
    assert error.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("scores", "http://scores:80")],  # noqa: S104
)
def test_an_address_to_bind_becomes_an_address_to_ask(host: str, url: str) -> None:
    assert client_url(host, 80) == url
