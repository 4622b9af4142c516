"""The TypeScript client: its types are those of the documents, and in Node it works before services that run."""

import pytest
from tests.support.stack import Stack
from tests.support.with_node import needs_node
from tools import node, typescript_client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def with_node() -> None:
    with needs_node():
        node.tool("tsc")


def test_the_committed_types_are_what_the_generator_writes() -> None:
    for path, text in typescript_client.fresh().items():
        assert path.read_text(encoding="utf-8") == text, "run `make client-gen`"


@pytest.mark.e2e
@pytest.mark.spark
def test_it_compiles_and_its_own_tests_pass_before_live_services(stack: Stack) -> None:
    built = node.run("tsc", "--project", "tsconfig.json")
    assert built.returncode == 0, built.stdout
    addresses = {name.upper(): url for name, url in stack.urls.items()}
    tested = node.npm("test", environ={**stack.environment, **addresses})
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " pass 4" in tested.stdout  # behind another sign in each release of Node
