"""The order of jobs: which waiting job gets which device now, who makes way for whom, and when the others' turn comes.

Pure: facts in, decisions out. Priority comes first, then the owner who has had least, then who came first.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trainer.jobs.devices.listing import DeviceKind, SlottedDevice

__all__ = ["Charges", "Outlook", "Preempt", "Running", "Start", "Waiting", "decide", "devices_for", "outlook", "share_of"]

_PATIENCE: Final = timedelta(minutes=10)
"""After so long a job that others are let past keeps the next device free for itself."""


Charges = Mapping[tuple[str, DeviceKind], float]
"""Owner and kind of device to the seconds that the owner has had of it, lately."""


@dataclass(frozen=True)
class Waiting:
    """A queued job, as far as its turn depends on it."""

    id: str
    sequence: int
    priority: int
    owner: str
    device: str
    """As its spec says: `auto`, `cpu`, `cuda` or `cuda:N`."""
    memory_bytes: int
    seconds: float
    queued: datetime


@dataclass(frozen=True)
class Running:
    """A job on a device."""

    id: str
    priority: int
    owner: str
    device: str
    """The device's name."""
    memory_bytes: int
    seconds: float
    started: datetime
    preemptible: bool = False
    leaving: bool = False
    """It was told to make way and is about to end."""


@dataclass(frozen=True)
class Start:
    """Start this job on this device."""

    job: str
    device: SlottedDevice


@dataclass(frozen=True)
class Preempt:
    """Stop this running job, which goes back into the queue, for that waiting one."""

    job: str
    waiting: str


@dataclass(frozen=True)
class Outlook:
    """What a waiting job can expect."""

    position: int
    """1 is next."""
    start: datetime | None
    """When it will start, if running jobs and those before it take as long as they are taken to; None where no device fits."""


def devices_for(word: str, memory_bytes: int, devices: Sequence[SlottedDevice]) -> list[SlottedDevice]:
    """The devices in order that such a job may ever run on, those it prefers first.

    `auto` takes the processor only where no GPU is large enough for it.
    """
    sound = [device for device in devices if device.fault is None and device.largest_bytes >= memory_bytes]
    gpus = [device for device in sound if device.kind is DeviceKind.GPU]
    cpus = [device for device in sound if device.kind is DeviceKind.CPU]
    match word:
        case "auto":
            return gpus or [cpu for cpu in cpus if not cpu.named_only]
        case "cuda":
            return gpus
        case _:
            return [device for device in gpus + cpus if device.name == word]


def share_of(device: SlottedDevice, memory_bytes: int) -> int:
    """The part of a device's memory that a job gets: what it needs, and no less than one slot's part."""
    return max(memory_bytes, device.memory_bytes // device.slots)


def decide(
    waiting: Iterable[Waiting], running: Sequence[Running], devices: Sequence[SlottedDevice], charges: Charges, now: datetime
) -> list[Start | Preempt]:
    """What is to be done now. No device is left idle that a waiting job fits on, unless one has waited long for all of it."""
    field = _Field(running, devices, charges)
    decisions: list[Start | Preempt] = []
    turns = field.turns(waiting)
    job = next(turns, None)
    while job is not None and field.is_open_to(job.priority):
        suitable = [field.rooms[device.name] for device in field.suitable(job)]
        room = _tightest([room for room in suitable if room.takes(job.memory_bytes)])
        coming = _tightest([room for room in suitable if room.will_take(job.memory_bytes)])
        served = True
        if room is not None:
            decisions.append(Start(job.id, room.device))
            room.give(job.memory_bytes)
        elif coming is not None:  # somebody makes way already
            coming.give(job.memory_bytes)
        elif leaving := _making_way(job, suitable, field.running):
            decisions += [Preempt(one.id, job.id) for one in leaving]
            for one in leaving:
                field.rooms[one.device].expect(one)
            field.rooms[leaving[0].device].give(job.memory_bytes)
        else:
            served = False
            if suitable and now - job.queued > _PATIENCE:
                max(suitable, key=lambda room: room.memory_bytes).kept = True
        job = _following(turns, served=served)
    return decisions


def outlook(
    waiting: Iterable[Waiting], running: Sequence[Running], devices: Sequence[SlottedDevice], charges: Charges, now: datetime
) -> dict[str, Outlook]:
    """What every waiting job can expect, if each takes as long as it is taken to and none comes in between."""
    field = _Field(running, devices, charges)
    free: dict[str, list[datetime]] = {device.name: [] for device in devices}
    for job in running:
        if job.device in free:
            free[job.device].append(max(now, job.started + timedelta(seconds=job.seconds)))
    for device in devices:
        free[device.name] += [now] * (device.slots - len(free[device.name]))
        heapq.heapify(free[device.name])
    found: dict[str, Outlook] = {}
    turns = field.turns(waiting)
    waits = next(turns, None)
    while waits is not None:
        slots = min((free[device.name] for device in field.suitable(waits)), key=lambda times: times[0], default=None)
        start = None
        if slots is not None:
            start = slots[0]
            heapq.heapreplace(slots, start + timedelta(seconds=waits.seconds))
        found[waits.id] = Outlook(len(found) + 1, start)
        waits = _following(turns, served=True)
    return found


@dataclass
class _Room:
    """What is free on a device, and what will be when those who make way have gone."""

    device: SlottedDevice
    slots: int
    memory_bytes: int
    coming_slots: int = 0
    coming_bytes: int = 0
    kept: bool = False
    """For a job that has waited too long."""

    def takes(self, memory_bytes: int) -> bool:
        """Is there room now?"""
        return not self.kept and self.slots > 0 and self.memory_bytes >= share_of(self.device, memory_bytes)

    def will_take(self, memory_bytes: int) -> bool:
        """Will there be, without anybody else making way?"""
        enough = self.memory_bytes + self.coming_bytes >= share_of(self.device, memory_bytes)
        return not self.kept and self.coming_slots > 0 and self.slots + self.coming_slots > 0 and enough

    def give(self, memory_bytes: int) -> None:
        """A job has it, now or as soon as others have gone."""
        self.slots -= 1
        self.memory_bytes -= share_of(self.device, memory_bytes)

    def expect(self, leaving: Running) -> None:
        """A running job will go."""
        self.coming_slots += 1
        self.coming_bytes += leaving.memory_bytes


class _Field:
    """Devices with what runs on them, and what owners have had."""

    def __init__(self, running: Sequence[Running], devices: Sequence[SlottedDevice], charges: Charges) -> None:
        self.running = running
        self.rooms = {device.name: _Room(device, device.slots, device.memory_bytes) for device in devices}
        self._devices = devices
        self._charges = defaultdict(float, charges)
        self._suitable: dict[tuple[str, int], list[SlottedDevice]] = {}
        for job in running:
            room = self.rooms.get(job.device)
            if room is None:  # its device has vanished, and it is about to end
                continue
            room.give(job.memory_bytes)
            if job.leaving:
                room.expect(job)
            self._charges[job.owner, room.device.kind] += job.seconds

    def suitable(self, job: Waiting) -> list[SlottedDevice]:
        """Where it may ever run; jobs alike are looked up once."""
        asked = (job.device, job.memory_bytes)
        if asked not in self._suitable:
            self._suitable[asked] = devices_for(*asked, self._devices)
        return self._suitable[asked]

    def is_open_to(self, priority: int) -> bool:
        """Can any job of this priority or a lesser one still be given something?"""
        return any(room.slots > 0 or room.slots + room.coming_slots > 0 for room in self.rooms.values()) or any(
            job.preemptible and not job.leaving and job.priority < priority for job in self.running
        )

    def turns(self, waiting: Iterable[Waiting]) -> Generator[Waiting, bool, None]:
        """The jobs in turn; is sent whether the last one was given a device, which its owner is charged with."""
        by_priority: dict[int, dict[str, list[Waiting]]] = defaultdict(lambda: defaultdict(list))
        for job in waiting:
            by_priority[job.priority][job.owner].append(job)
        for priority in sorted(by_priority, reverse=True):
            queues = {owner: deque(sorted(jobs, key=lambda job: job.sequence)) for owner, jobs in by_priority[priority].items()}
            heap = [self._turn(jobs[0]) for jobs in queues.values()]
            heapq.heapify(heap)
            while heap:
                _, _, owner = heapq.heappop(heap)
                job = queues[owner].popleft()
                served = yield job
                if served:
                    self._charges[owner, self._kind(job)] += job.seconds
                if queues[owner]:
                    heapq.heappush(heap, self._turn(queues[owner][0]))

    def _turn(self, job: Waiting) -> tuple[float, int, str]:
        return self._charges[job.owner, self._kind(job)], job.sequence, job.owner

    def _kind(self, job: Waiting) -> DeviceKind:
        suitable = self.suitable(job)
        return suitable[0].kind if suitable else DeviceKind.CPU


def _following(turns: Generator[Waiting, bool, None], *, served: bool) -> Waiting | None:
    try:
        return turns.send(served)
    except StopIteration:
        return None


def _tightest(rooms: Sequence[_Room]) -> _Room | None:
    """The device with the least room that is enough: a larger job may need the others."""
    return min(rooms, key=lambda room: room.memory_bytes, default=None)


def _making_way(job: Waiting, suitable: Sequence[_Room], running: Sequence[Running]) -> list[Running]:
    """The running jobs of one device that make way for `job`: as few as do, those of the least priority, the youngest first."""
    found: list[list[Running]] = []
    for room in suitable:
        candidates = [
            one
            for one in running
            if one.device == room.device.name and one.preemptible and not one.leaving and one.priority < job.priority
        ]
        candidates.sort(key=lambda one: (one.priority, -one.started.timestamp()))
        slots, free_bytes, leaving = room.slots, room.memory_bytes, []
        for one in candidates:
            slots, free_bytes = slots + 1, free_bytes + one.memory_bytes
            leaving.append(one)
            if slots > 0 and free_bytes >= share_of(room.device, job.memory_bytes):
                found.append(leaving)
                break
    return min(found, key=lambda leaving: (len(leaving), max(one.priority for one in leaving)), default=[])
