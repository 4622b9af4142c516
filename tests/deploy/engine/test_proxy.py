"""deploy/nginx/ntdemo.conf before the product: every door under its own name, with TLS, in a browser."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.deploy.engine.conftest import DATA, NAMES, ROOT, Product
from tests.support.browser import PLAIN, launched

pytestmark = [pytest.mark.engine, pytest.mark.browser, pytest.mark.timeout(600)]

WRITTEN = {"scores-api": 3030, "viz": 8050, "bokeh": 5006, "chatbot": 3032}
PATIENCE_MS = 90_000
AROUND = """
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {server}
}}
"""


@pytest.fixture(scope="module")
def proxy(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """nginx by the file that is shipped, but for its ports and its certificate."""
    if shutil.which("nginx") is None:
        if os.environ.get("CI"):
            pytest.fail("CI proves the proxy's configuration, and nginx is not installed here")
        pytest.skip("nginx is not installed")
    directory = tmp_path_factory.mktemp("nginx")
    certificate, key = directory / "ntdemo.pem", directory / "ntdemo.key"
    subject = ["-subj", "/CN=example.org", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True)
    server = (ROOT / "deploy" / "nginx" / "ntdemo.conf").read_text(encoding="utf-8")
    replaced = {
        "listen 443 ": f"listen 127.0.0.1:{product.ports['proxy']} ",
        "/etc/ssl/certs/ntdemo.pem": str(certificate),
        "/etc/ssl/private/ntdemo.key": str(key),
        **{f"127.0.0.1:{port};": f"127.0.0.1:{product.ports[door]};" for door, port in WRITTEN.items()},
    }
    for written, here in replaced.items():
        assert server.count(written) == 1, written
        server = server.replace(written, here)
    configuration = directory / "nginx.conf"
    configuration.write_text(AROUND.format(directory=directory, server=server), encoding="utf-8")
    nginx = subprocess.Popen(["nginx", "-p", str(directory), "-c", str(configuration)])
    try:
        wait_for(product.ports["proxy"], nginx)
        yield
    finally:
        nginx.terminate()
        nginx.wait(20)


@pytest.fixture
def page(proxy: None) -> Iterator[Page]:
    """A page of a browser for which the names of the doors lead here; at the end it must not have complained."""
    names = ",".join(f"MAP {name} 127.0.0.1" for name in NAMES.values())
    with sync_playwright() as playwright:
        browser = launched(playwright, [*PLAIN, f"--host-resolver-rules={names}"])
        page = browser.new_page(ignore_https_errors=True)
        page.set_default_timeout(PATIENCE_MS)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert complaints == []


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until something listens there."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "nginx ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nginx does not listen")


def address(product: Product, door: str, path: str) -> str:
    return f"https://{NAMES[door]}:{product.ports['proxy']}{path}"


def test_the_scores_are_read_under_their_name(product: Product, proxy: None) -> None:
    host = {"Host": f"{NAMES['scores-api']}:{product.ports['proxy']}"}
    url = f"https://127.0.0.1:{product.ports['proxy']}/cosine/score"
    answer = httpx.get(url, headers=host, timeout=60, trust_env=False, verify=False)  # noqa: S501 - a certificate of our own
    assert answer.json()["names"] == list(DATA["fragment_comp"])


def test_dash_draws_and_links_to_bokeh_under_its_name(product: Product, page: Page) -> None:
    page.goto(address(product, "viz", "/"))
    expect(page.get_by_text("3 fragments as balanced vectors").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(f"a[href^='{address(product, 'bokeh', '/')}']").first).to_be_attached()


def test_bokeh_draws_what_comes_by_its_websocket(product: Product, page: Page) -> None:
    page.goto(address(product, "bokeh", "/histogram"))
    expect(page.get_by_text("pairs from").first).to_be_visible(timeout=PATIENCE_MS)


def test_the_chat_page_is_ready_to_talk(product: Product, page: Page) -> None:
    page.goto(address(product, "chatbot", "/"))
    expect(page.get_by_role("textbox")).to_be_visible(timeout=PATIENCE_MS)
