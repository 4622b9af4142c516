from scores_api.retry import Retry


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_each_failure_doubles_the_wait_up_to_five_minutes_and_success_ends_it() -> None:
    clock = Clock()
    retry = Retry(clock)
    waits_s, due = [], [retry.is_due]
    for _ in range(12):
        retry.failed()
        due.append(retry.is_due)
        waits_s.append(retry.wait_s)
        clock.now_s += retry.wait_s
        due.append(retry.is_due)
    assert waits_s == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert due == [True, *[False, True] * 12]
    retry.failed()
    retry.succeeded()
    assert (retry.failures, retry.wait_s, retry.is_due) == (0, 0, True)
