import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2bridge_helpers.endpoints import endpoint_problem, is_loopback, is_plain_http, is_plain_http_beyond_loopback

FINE = (
    "",
    "https://compute.googleapis.com",
    "https://compute.googleapis.com/",
    "https://compute-psc.p.googleapis.com:443",
    "https://10.0.0.9:8443",
    "https://[fd00::9]:8443",
    "http://127.0.0.1:8080",
    "http://127.9.9.9",
    "http://localhost:8080",
    "http://[::1]:8080",
)
IN_THE_CLEAR = (
    "http://compute.googleapis.com",
    "http://10.0.0.9:8080",
    "http://0.0.0.0:8080",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://[fd00::9]",
    "http://[::ffff:127.0.0.1]:8080",
)
NO_ENDPOINT = (
    "compute.googleapis.com",
    "localhost:8080",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "https://",
    "https:///compute",
    "http://127.0.0.1:0",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:port",
    "http://[::1",
    "https://compute.googleapis.com/compute/v1",
    "https://compute.googleapis.com?key=value",
    "https://compute.googleapis.com#part",
    "https://user@compute.googleapis.com",
    "https://:password@compute.googleapis.com",
    "http://127.0.0.1@example.com",
    "https://bücher.example",
    "https://a b",
    "https://a\tb",
    "https://a\\b",
    "https://exa$mple",
    "https://<script>",
    "https://'x'",
    "https://..",
    "https://-",
)


@pytest.mark.parametrize("endpoint", FINE)
def test_https_anywhere_and_http_on_this_machine_are_fine(endpoint: str) -> None:
    """Private, sovereign and practice endpoints are accepted; empty means the public one."""
    assert endpoint_problem(endpoint) == ""


@pytest.mark.parametrize("endpoint", IN_THE_CLEAR)
def test_plain_http_beyond_this_machine_is_refused(endpoint: str) -> None:
    """Credentials would travel in the clear, also where a host's name only looks like this machine."""
    assert "plain http beyond this machine" in endpoint_problem(endpoint)
    assert is_plain_http_beyond_loopback(endpoint)


@pytest.mark.parametrize("endpoint", NO_ENDPOINT)
def test_what_is_no_endpoint_is_refused_with_an_example(endpoint: str) -> None:
    """The text shows what an endpoint looks like."""
    assert "https://HOST[:PORT]" in endpoint_problem(endpoint)


@given(st.text(max_size=30))
def test_any_text_is_judged(text: str) -> None:
    """Nothing that people paste is a crash, and what is accepted is https or this machine."""
    for endpoint in (text, f"http://{text}", f"https://{text}"):
        if endpoint and not endpoint_problem(endpoint):
            assert not is_plain_http(endpoint) or is_loopback(endpoint)


def test_plain_http_is_told_from_https() -> None:
    """Plain http gets no credentials, whatever the case it is written in."""
    assert is_plain_http("HTTP://127.0.0.1")
    assert not is_plain_http("https://127.0.0.1")
    assert not is_plain_http("")
