import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
import structlog
from tests.support.damage import flip
from tests.support.store import Publisher, five_fragments

from contracts.store import Store
from published import form
from published.publications import Publication
from scores_api.failures import NothingPublished, RunOutdated, RunUnknown, RunUnreadable
from scores_api.live import Live
from scores_api.open_runs import OpenRun, open_run
from scores_api.settings import Settings


class Opener:
    """The real one, counted, and held up or made to fail on demand."""

    def __init__(self, state: Path) -> None:
        self._store = Store.under(state)
        self.opened: list[str] = []
        self.failure: Exception | None = None
        self.gate = Event()
        self.gate.set()

    def __call__(self, publication: Publication) -> OpenRun:
        self.opened.append(publication.run)
        assert self.gate.wait(60)
        if self.failure:
            raise self.failure
        return open_run(self._store, publication, release="1")


@asynccontextmanager
async def living(state: Path, **options: float) -> AsyncIterator[tuple[Live, Opener]]:
    settings = Settings.model_validate({"state": state, "publication_wait_s": 60, "guard_s": 3600, **options})
    opener = Opener(state)
    live = Live(settings, release="1", opener=opener)
    live.start()
    try:
        yield live, opener
    finally:
        opener.gate.set()
        await live.close()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - what is waited for is seen from outside alone
            await asyncio.sleep(0.02)


def current_is(live: Live, run: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return (await live.snapshot()).current.run == run

    return holds


@pytest.fixture
def _no_retry_within_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scores_api.retry._FIRST_S", 200.0)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


def file_of(publisher: Publisher, run: str, name: str) -> Path:
    return publisher.store.artifact("factors", run) / name


def test_an_empty_state_directory_is_not_ready_and_says_what_is_missing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with living(tmp_path / "nowhere") as (live, opener):
            with pytest.raises(NothingPublished):
                await live.snapshot()
            assert "No run is published yet" in (await live.missing())["run"]
            assert opener.opened == []

    asyncio.run(scenario())


def test_the_first_publication_is_seen_by_the_next_request(publisher: Publisher) -> None:
    async def scenario() -> None:
        async with living(publisher.state) as (live, _):
            with pytest.raises(NothingPublished):
                await live.snapshot()
            run = publisher.publish(five_fragments())
            assert (await live.snapshot()).current.run == run
            assert await live.missing() == {}

    asyncio.run(scenario())


def test_each_publication_is_seen_by_the_next_request_and_the_old_run_stays_whole(publisher: Publisher) -> None:
    async def scenario() -> None:
        first = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            before = await live.snapshot()
            second = publisher.publish(five_fragments().scaled(0.5))
            after = await live.snapshot()
            assert (before.current.run, after.current.run) == (first, second)
            assert bytes(before.current.published.body(form.SCORES)) != bytes(after.current.published.body(form.SCORES))
            assert (await live.run(first)) is before.current
            assert opener.opened == [first, second]
            assert [run.current for run in after.catalogue.runs] == [False, True]

    asyncio.run(scenario())


def test_a_run_that_is_published_with_the_clock_set_back_is_current(publisher: Publisher) -> None:
    async def scenario() -> None:
        first = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, _):
            await live.snapshot()
            second = publisher.publish(five_fragments().scaled(2), published=datetime(1999, 1, 1, tzinfo=UTC))
            assert (await live.snapshot()).current.run == second
        async with living(publisher.state) as (live, _):
            assert [run.id for run in (await live.snapshot()).catalogue.runs] == [first, second]

    asyncio.run(scenario())


def test_requests_that_come_together_wait_for_one_reading(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            views = await asyncio.gather(*(live.snapshot() for _ in range(50)))
            assert len({id(view) for view in views}) == 1
            assert opener.opened == [run]

    asyncio.run(scenario())


def test_a_request_that_goes_away_does_not_stop_the_reading(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            gone = asyncio.create_task(live.snapshot())
            await asyncio.sleep(0)
            gone.cancel()
            assert (await live.snapshot()).current.run == run
            assert opener.opened == [run]

    asyncio.run(scenario())


def test_nobody_waits_for_a_publication_that_takes_long_to_open(publisher: Publisher) -> None:
    async def scenario() -> None:
        first = publisher.publish(five_fragments())
        async with living(publisher.state, publication_wait_s=0.05) as (live, opener):
            await live.snapshot()
            opener.gate.clear()
            second = publisher.publish(five_fragments().scaled(2))
            waits_s = []
            for _ in range(20):
                began_s = time.monotonic()
                assert (await live.snapshot()).current.run == first
                waits_s.append(time.monotonic() - began_s)
            assert sum(wait_s > 0.04 for wait_s in waits_s) <= 1, "one moment a publication, not one a request"
            opener.gate.set()
            await eventually(current_is(live, second))
            assert opener.opened == [first, second]

    asyncio.run(scenario())


def test_what_is_published_while_another_is_opened_is_not_missed(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state, publication_wait_s=0) as (live, opener):
            await live.snapshot()
            opener.gate.clear()
            publisher.publish(five_fragments().scaled(2))
            await live.snapshot()
            last = publisher.publish(five_fragments().scaled(3))
            opener.gate.set()
            await eventually(current_is(live, last))

    asyncio.run(scenario())


@pytest.mark.parametrize("name", [form.ARRAYS, form.SCORES, form.RUN, form.HEAD, "manifest.json", "factors.onnx"])
def test_of_a_damaged_run_the_one_before_is_served_and_the_problem_names_the_file(publisher: Publisher, name: str) -> None:
    async def scenario() -> None:
        old, damaged = publisher.publish(five_fragments()), publisher.publish(five_fragments().scaled(2))
        flip(file_of(publisher, damaged, name))
        async with living(publisher.state) as (live, _):
            assert (await live.snapshot()).current.run == old
            assert await live.missing() == {}
            with pytest.raises(RunUnreadable) as refused:
                await live.run(damaged)
            assert name in refused.value.reason
            newest = publisher.publish(five_fragments().scaled(3))
            assert (await live.snapshot()).current.run == newest

    asyncio.run(scenario())


def test_a_damaged_old_run_harms_nobody_else(publisher: Publisher) -> None:
    async def scenario() -> None:
        runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2, 3)]
        shutil.rmtree(publisher.store.artifact("factors", runs[0]))
        flip(file_of(publisher, runs[1], form.FRAGMENTS))
        async with living(publisher.state) as (live, _):
            assert (await live.snapshot()).current.run == runs[2]
            for run in runs[:2]:
                with pytest.raises(RunUnreadable):
                    await live.run(run)

    asyncio.run(scenario())


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_publication_harms_nobody_else(publisher: Publisher, damaged: int) -> None:
    async def scenario() -> None:
        runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2)]
        commit = publisher.store.publications_commit(damaged)
        commit.write_bytes(commit.read_bytes().replace(b"built-in", b"built-on").replace(runs[damaged].encode(), b"x" * 8))
        async with living(publisher.state) as (live, _):
            view = await live.snapshot()
            assert view.current.run == runs[1 - damaged]
            assert [run.id for run in view.catalogue.runs] == [runs[1 - damaged]]

    asyncio.run(scenario())


def test_a_run_that_is_repaired_becomes_current(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scores_api.retry._FIRST_S", 0.01)

    async def scenario() -> None:
        old, damaged = publisher.publish(five_fragments()), publisher.publish(five_fragments().scaled(2))
        file = file_of(publisher, damaged, form.ARRAYS)
        flip(file)
        async with living(publisher.state, guard_s=0.02) as (live, _):
            assert (await live.snapshot()).current.run == old
            flip(file)
            await eventually(current_is(live, damaged))

    asyncio.run(scenario())


def test_a_page_that_is_damaged_while_its_run_is_open_ends_its_being_current(publisher: Publisher) -> None:
    async def scenario() -> None:
        old, damaged = publisher.publish(five_fragments()), publisher.publish(five_fragments().scaled(2))
        async with living(publisher.state) as (live, _):
            assert (await live.snapshot()).current.run == damaged
            flip(
                file_of(
                    publisher, damaged, form.neighbours_file(next(iter((await live.snapshot()).current.published.neighbours)))
                )
            )
            live.doubt(damaged)
            await eventually(current_is(live, old))
            with pytest.raises(RunUnreadable):
                await live.run(damaged)

    asyncio.run(scenario())


def test_where_every_run_is_damaged_nothing_is_served_and_it_is_said_why(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        flip(file_of(publisher, run, form.SCORES))
        async with living(publisher.state) as (live, _):
            with pytest.raises(NothingPublished, match=form.SCORES):
                await live.snapshot()
            assert form.SCORES in (await live.missing())["run"]

    asyncio.run(scenario())


def test_a_run_of_another_format_says_that_it_is_to_be_trained_again(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(form.RunRecord.model_fields["format"], "default", 0)
        form.RunRecord.model_rebuild(force=True)
        old = publisher.publish(five_fragments())
        monkeypatch.undo()
        form.RunRecord.model_rebuild(force=True)
        async with living(publisher.state) as (live, _):
            with pytest.raises(NothingPublished, match="Another release"):
                await live.snapshot()
            new = publisher.publish(five_fragments())
            assert (await live.snapshot()).current.run == new
            with pytest.raises(RunOutdated, match="format 0"):
                await live.run(old)

    asyncio.run(scenario())


@pytest.mark.usefixtures("_no_retry_within_a_test")
def test_a_publication_that_names_what_is_not_there_leaves_the_run_before_it(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            await live.snapshot()
            publisher.announce("factors-broken", {"factors": "factors-broken"})
            for _ in range(5):
                assert (await live.snapshot()).current.run == run
            assert opener.opened == [run]
            assert await live.missing() == {}
            with pytest.raises(RunUnreadable):
                await live.run("factors-broken")
            with pytest.raises(RunUnknown):
                await live.run("factors-unheard-of")

    asyncio.run(scenario())


def test_a_publication_of_a_kind_that_this_release_does_not_know_is_left_out(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        publisher.announce("later-1", {"later": "later-1"}, kind="later")
        async with living(publisher.state) as (live, _):
            view = await live.snapshot()
            assert view.current.run == run
            assert [manifest.version for manifest in view.catalogue.manifests] == [run]
            with pytest.raises(RunUnknown):
                await live.run("later-1")

    asyncio.run(scenario())


@pytest.mark.parametrize("run", ["../../etc", "a/b", "", ".hidden", "x" * 300])
def test_a_run_id_that_is_no_plain_name_is_not_followed(publisher: Publisher, run: str) -> None:
    async def scenario() -> None:
        publisher.announce(run, {"factors": run})
        async with living(publisher.state) as (live, opener):
            with pytest.raises(NothingPublished, match="is no name of a run"):
                await live.snapshot()
            assert opener.opened == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("_no_retry_within_a_test")
@pytest.mark.parametrize("failure", [OSError("no disk"), RuntimeError("nobody foresaw this"), AssertionError()])
def test_whatever_fails_is_not_repeated_at_once_and_is_logged(publisher: Publisher, failure: Exception) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            opener.failure = failure
            with structlog.testing.capture_logs() as events:
                for _ in range(100):
                    with pytest.raises(NothingPublished):
                        await live.snapshot()
            assert opener.opened == [run]
            (event,) = [event for event in events if event["event"] == "store_not_read"]
            assert (event["failures"], event["again_s"]) == (1, 200)
            assert (event["exc_info"] is None) == isinstance(failure, OSError), "the unforeseen has its traceback"
            opener.failure = None
            live._retry._due_s = 0.0  # noqa: SLF001 - as if the time had passed
            assert (await live.snapshot()).current.run == run
            assert await live.missing() == {}

    asyncio.run(scenario())


def test_the_guard_survives_what_nobody_foresaw(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        looked: list[int] = []

        def broken(_: Live) -> bool:
            looked.append(len(looked))
            raise RuntimeError("nobody foresaw this")

        monkeypatch.setattr(Live, "_is_replaced", broken)
        async with living(publisher.state, guard_s=0.01):

            async def is_looked_at_again() -> bool:
                return len(looked) > 2

            await eventually(is_looked_at_again)

    asyncio.run(scenario())


@pytest.mark.parametrize("run", ["factors-restored", None])
def test_a_store_that_was_replaced_is_noticed_at_the_same_version(
    publisher: Publisher, tmp_path: Path, run: str | None
) -> None:
    async def scenario() -> None:
        first = publisher.publish(five_fragments())
        async with living(publisher.state, guard_s=0.05) as (live, _):
            before = bytes((await live.snapshot()).current.published.body(form.SCORES))
            other = Publisher(tmp_path / "other")
            other.publish(five_fragments().scaled(3), run=run or first)
            shutil.rmtree(publisher.store.root)
            shutil.move(other.store.root, Store.under(publisher.state).root)

            async def is_seen() -> bool:
                current = (await live.snapshot()).current
                return current.run == (run or first) and bytes(current.published.body(form.SCORES)) != before

            await eventually(is_seen)

    asyncio.run(scenario())


def test_what_was_read_stays_when_the_store_is_removed(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state, guard_s=0.05) as (live, _):
            await live.snapshot()
            shutil.rmtree(publisher.store.root)
            await asyncio.sleep(0.3)
            current = (await live.snapshot()).current
            assert current.run == run
            assert all(len(lists.of(0, 4)) == 4 for lists in current.published.neighbours.values())

    asyncio.run(scenario())


def test_an_old_run_is_opened_once_and_kept(publisher: Publisher) -> None:
    async def scenario() -> None:
        old = publisher.publish(five_fragments())
        new = publisher.publish(five_fragments().scaled(2))
        async with living(publisher.state) as (live, opener):
            await live.snapshot()
            runs = await asyncio.gather(*(live.run(old) for _ in range(10)))
            assert {run.run for run in runs} == {old}
            assert len({id(run) for run in [*runs, await live.run(old)]}) == 1
            assert opener.opened == [new, old]

    asyncio.run(scenario())


def test_only_so_many_old_runs_are_held_open(publisher: Publisher) -> None:
    async def scenario() -> None:
        runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2, 3, 4)]
        async with living(publisher.state, kept_runs=2) as (live, _):
            await live.snapshot()
            first = await live.run(runs[0])
            await live.run(runs[1])
            assert (await live.run(runs[0])) is first
            await live.run(runs[2])
            assert (await live.run(runs[0])) is first, "the last used ones are kept"
            second = await live.run(runs[1])
            assert bytes(second.published.body(form.SCORES))

    asyncio.run(scenario())


@pytest.mark.usefixtures("_no_retry_within_a_test")
@pytest.mark.parametrize("failure", [OSError("no disk"), RuntimeError("nobody foresaw this")])
def test_an_old_run_that_cannot_be_read_is_told_so_and_not_tried_at_once_again(
    publisher: Publisher, failure: Exception
) -> None:
    async def scenario() -> None:
        old = publisher.publish(five_fragments())
        new = publisher.publish(five_fragments().scaled(2))
        async with living(publisher.state) as (live, opener):
            await live.snapshot()
            opener.failure = failure
            for _ in range(3):
                with pytest.raises(RunUnreadable, match=str(failure)):
                    await live.run(old)
            assert opener.opened == [new, old]

    asyncio.run(scenario())


def test_closing_ends_a_reading_that_is_under_way(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state) as (live, opener):
            opener.gate.clear()
            waiting = asyncio.create_task(live.snapshot())
            while not opener.opened:  # noqa: ASYNC110 - seen from outside alone
                await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    asyncio.run(scenario())
