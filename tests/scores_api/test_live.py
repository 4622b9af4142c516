import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from tests.support.store import Publisher, five_fragments

from contracts.store import Store
from scores_api import layout
from scores_api.builds import BuildFailed, Builds
from scores_api.failures import NothingPublished, RunUnknown, RunUnreadable
from scores_api.live import Live
from scores_api.settings import Settings


class CountedBuilds(Builds):
    """The real builder, counted, and held up or made to fail on demand."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(state=settings.state, cache=settings.cache_directory, kept_runs=settings.kept_runs)
        self.refreshed = 0
        self.projected = 0
        self.failure: Exception | None = None
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def refresh(self) -> None:
        self.refreshed += 1
        self.began.set()
        await self.gate.wait()
        if self.failure:
            raise self.failure
        await super().refresh()

    async def project(self, run: str) -> None:
        self.projected += 1
        if self.failure:
            raise self.failure
        await super().project(run)


@asynccontextmanager
async def living(state: Path, **options: float) -> AsyncIterator[tuple[Live, CountedBuilds]]:
    settings = Settings.model_validate({"state": state, "refresh_timeout_s": 120, "guard_s": 3600, **options})
    builds = CountedBuilds(settings)
    live = Live(settings, builds, release="1")
    live.start()
    try:
        yield live, builds
    finally:
        await live.close()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - what is waited for is seen from outside alone
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _no_retry_within_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scores_api.retry._FIRST_S", 200.0)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


def test_an_empty_state_directory_is_not_ready_and_says_what_is_missing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with living(tmp_path / "nowhere") as (live, builds):
            with pytest.raises(NothingPublished):
                await live.snapshot()
            assert "no run is published yet" in (await live.missing())["run"]
            assert builds.refreshed == 0

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
        async with living(publisher.state) as (live, builds):
            before = await live.snapshot()
            second = publisher.publish(five_fragments().scaled(0.5))
            after = await live.snapshot()
            assert (before.current.run, after.current.run) == (first, second)
            assert bytes(before.current.projection.scores()) != bytes(after.current.projection.scores())
            assert (await live.run(first)) is before.current
            assert builds.projected == 0
            assert [run.current for run in after.catalogue.runs] == [False, True]

    asyncio.run(scenario())


def test_requests_that_come_together_wait_for_one_reading(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            snapshots = await asyncio.gather(*(live.snapshot() for _ in range(50)))
            assert len({id(snapshot) for snapshot in snapshots}) == 1
            assert builds.refreshed == 1

    asyncio.run(scenario())


def test_a_request_that_goes_away_does_not_stop_the_reading(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            gone = asyncio.create_task(live.snapshot())
            await asyncio.sleep(0)
            gone.cancel()
            assert (await live.snapshot()).current.run == run
            assert builds.refreshed == 1

    asyncio.run(scenario())


def test_a_second_start_reads_the_cache_alone(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            await live.snapshot()
            assert builds.refreshed == 1
        for name in ("factors", "neighbours", "fragments"):
            shutil.rmtree(publisher.store.table(name))
        async with living(publisher.state) as (live, builds):
            assert (await live.snapshot()).current.run == run
            assert builds.refreshed == 0

    asyncio.run(scenario())


def test_a_damaged_cache_is_built_anew_at_the_start(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, _):
            await live.snapshot()
        cache = Settings(state=publisher.state).cache_directory
        (layout.run_directory(cache, run) / layout.SCORES).write_text("{}")
        async with living(publisher.state) as (live, builds):
            assert b"fA" in bytes((await live.snapshot()).current.projection.scores())
            assert builds.refreshed == 1

    asyncio.run(scenario())


def test_a_publication_that_cannot_be_read_leaves_the_run_before_it_and_is_tried_again(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            await live.snapshot()
            publisher.announce("factors-broken", "none", {"runs": 0}, {})
            for _ in range(5):
                assert (await live.snapshot()).current.run == run
            assert builds.refreshed == 2, "a reading that failed is not repeated at once"
            assert await live.missing() == {}
            with pytest.raises(RunUnknown):
                await live.run("factors-broken")
            live._retry.succeeded()  # noqa: SLF001 - as if the time had passed
            builds.failure = BuildFailed("still broken")
            assert (await live.snapshot()).current.run == run
            assert builds.refreshed == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("failure", [BuildFailed("no disk"), RuntimeError("nobody foresaw this"), AssertionError()])
def test_whatever_fails_is_not_repeated_at_once_and_is_logged(publisher: Publisher, failure: Exception) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            builds.failure = failure
            with structlog.testing.capture_logs() as events:
                for _ in range(100):
                    with pytest.raises(NothingPublished):
                        await live.snapshot()
            assert builds.refreshed == 1
            (event,) = [event for event in events if event["event"] == "store_not_read"]
            assert (event["failures"], event["again_s"]) == (1, 200)
            assert (event["exc_info"] is None) == isinstance(failure, BuildFailed), "the unforeseen has its traceback"
            assert "1 attempts failed, the next is in" in (await live.missing())["store"]
            builds.failure = None
            live._retry._due_s = 0.0  # noqa: SLF001 - as if the time had passed
            assert (await live.snapshot()).current.run
            assert await live.missing() == {}

    asyncio.run(scenario())


def test_a_builder_that_ends_well_and_reads_nothing_is_not_started_without_end(publisher: Publisher) -> None:
    class Idle(CountedBuilds):
        idle = False

        async def refresh(self) -> None:
            if self.idle:
                self.refreshed += 1
            else:
                await super().refresh()

    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        settings = Settings.model_validate({"state": publisher.state, "refresh_timeout_s": 120, "guard_s": 3600})
        builds = Idle(settings)
        live = Live(settings, builds, release="1")
        live.start()
        assert (await live.snapshot()).current.run == run
        builds.idle = True
        publisher.publish(five_fragments().scaled(2))
        for _ in range(20):
            assert (await live.snapshot()).current.run == run
        await live.close()
        assert builds.refreshed == 2

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


def test_a_store_that_cannot_be_read_at_all_is_not_ready_and_says_so(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.announce("factors-broken", "none", {"runs": 0}, {})
        async with living(publisher.state) as (live, _):
            with pytest.raises(NothingPublished):
                await live.snapshot()
            assert "log says why" in (await live.missing())["store"]

    asyncio.run(scenario())


def test_a_reading_that_takes_too_long_leaves_the_run_before_it(publisher: Publisher) -> None:
    async def scenario() -> None:
        first = publisher.publish(five_fragments())
        async with living(publisher.state, refresh_timeout_s=30) as (live, builds):
            await live.snapshot()
            builds.gate.clear()
            second = publisher.publish(five_fragments().scaled(2))
            live._timeout_s = 0.05  # noqa: SLF001 - as if the setting were so short
            assert (await live.snapshot()).current.run == first
            assert (await live.snapshot()).current.run == first
            assert builds.refreshed == 2
            builds.gate.set()

            async def is_seen() -> bool:
                return (await live.snapshot()).current.run == second

            await eventually(is_seen)
            assert builds.refreshed == 2

    asyncio.run(scenario())


def test_a_store_that_was_replaced_is_noticed_at_the_same_version(publisher: Publisher, tmp_path: Path) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state, guard_s=0.05) as (live, _):
            await live.snapshot()
            other = Publisher(tmp_path / "other")
            run = other.publish(five_fragments().scaled(3), run="factors-restored")
            shutil.rmtree(publisher.store.root)
            shutil.move(other.store.root, Store.under(publisher.state).root)

            async def is_seen() -> bool:
                return (await live.snapshot()).current.run == run

            await eventually(is_seen)

    asyncio.run(scenario())


def test_what_was_read_stays_when_the_store_is_removed(publisher: Publisher) -> None:
    async def scenario() -> None:
        run = publisher.publish(five_fragments())
        async with living(publisher.state, guard_s=0.05) as (live, _):
            await live.snapshot()
            shutil.rmtree(publisher.store.root)
            await asyncio.sleep(0.3)
            assert (await live.snapshot()).current.run == run

    asyncio.run(scenario())


def test_an_old_run_is_projected_once_and_kept(publisher: Publisher) -> None:
    async def scenario() -> None:
        old = publisher.publish(five_fragments())
        publisher.publish(five_fragments().scaled(2))
        async with living(publisher.state) as (live, builds):
            views = await asyncio.gather(*(live.run(old) for _ in range(10)))
            assert {view.run for view in views} == {old}
            assert len({id(view) for view in [*views, await live.run(old)]}) == 1
            assert builds.projected == 1

    asyncio.run(scenario())


def test_only_so_many_old_runs_are_held_open(publisher: Publisher) -> None:
    async def scenario() -> None:
        runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2, 3, 4)]
        async with living(publisher.state, kept_runs=2) as (live, _):
            first = await live.run(runs[0])
            await live.run(runs[1])
            assert (await live.run(runs[0])) is first
            await live.run(runs[2])
            assert (await live.run(runs[0])) is first, "the last used ones are kept"
            second = await live.run(runs[1])
            assert bytes(second.projection.scores())

    asyncio.run(scenario())


@pytest.mark.parametrize("failure", [BuildFailed("disk full"), RuntimeError("nobody foresaw this")])
def test_an_old_run_that_cannot_be_read_is_told_so_and_not_tried_at_once_again(
    publisher: Publisher, failure: Exception
) -> None:
    async def scenario() -> None:
        old = publisher.publish(five_fragments())
        publisher.publish(five_fragments().scaled(2))
        async with living(publisher.state) as (live, builds):
            await live.snapshot()
            builds.failure = failure
            for _ in range(3):
                with pytest.raises(RunUnreadable):
                    await live.run(old)
            assert builds.projected == 1

    asyncio.run(scenario())


def test_closing_ends_a_builder_that_is_at_work(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(five_fragments())
        async with living(publisher.state) as (live, builds):
            waiting = asyncio.create_task(live.snapshot())
            await builds.began.wait()
            await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    asyncio.run(scenario())
