"""The TypeScript client: its types are those of the documents, and in Node it works before services that run."""

import subprocess

import pytest
from tests.support.stack import Stack
from tools import node, typescript_client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def with_node() -> None:
    try:
        node.tool("tsc")
    except node.NoNode as missing:
        pytest.skip(str(missing))


def test_the_committed_types_are_what_the_generator_writes() -> None:
    for path, text in typescript_client.fresh().items():
        assert path.read_text(encoding="utf-8") == text, "run `make client-gen`"


@pytest.mark.e2e
@pytest.mark.spark
def test_it_compiles_and_its_own_tests_pass_before_live_services(stack: Stack) -> None:
    built = node.run("tsc", "--project", "tsconfig.json")
    assert built.returncode == 0, built.stdout
    addresses = {name.upper(): url for name, url in stack.urls.items()}
    tested = subprocess.run(
        ["npm", "test"], cwd=node.HOME, env={**stack.shell, **addresses}, check=False, capture_output=True, text=True
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "# pass 4" in tested.stdout
