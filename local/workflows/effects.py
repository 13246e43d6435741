"""A few threads for what takes time, so that the scheduler never waits."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

THREADS_MAX = 16
_Job = Callable[[], None]
_log = logging.getLogger("workflows")


class Effects:
    """
    Run effects on a few threads, sixteen if nothing else is said.

    One thread is woken at a time, and wakes the next if there is still something to do when it begins: so effects that
    take long begin at the same time, and threads are not woken for those that another does in the time this takes.
    When no more is waiting, a thread does what follows (*after*) from those that are over. It is told how to have
    another thread do what waits meanwhile.

    Where the machine starts no more threads, what waits is left to those there are, and *later* is asked to have it
    tried again soon, as there may be none.

    They are daemons: an effect under way must not keep the process from ending, because what it
    was about to report is recovered like after a crash.
    """

    def __init__(
        self,
        threads_max: int = THREADS_MAX,
        after: Callable[[Callable[[], bool]], None] = lambda _: None,
        later: Callable[[Callable[[], None]], None] = lambda _: None,
    ) -> None:
        self._threads_max = threads_max
        self._after = after
        self._later = later
        self._jobs: deque[_Job] = deque()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        # Those that sleep, each behind a lock of its own, the last first: what it needs is still near it.
        self._asleep: list[threading.Lock] = []
        # How many will look for a job soon: one that was woken, and those at what follows.
        self._looking = 0
        # Whether a job was done, and nobody has seen to what follows from it.
        self._owed = False
        # Whether it will be tried again to start a thread.
        self._short = False
        self._stopped = False

    def submit(self, job: _Job) -> None:
        """Run *job* as soon as a thread is free; after a stop, never; what it raises is logged."""
        with self._lock:
            if not self._stopped:
                self._jobs.append(job)
                self._wake()

    def stop(self) -> None:
        """Let the threads end after what they are doing; what they did not begin stays undone."""
        with self._lock:
            self._stopped = True
            while self._asleep:
                self._asleep.pop().release()

    def _relieved(self) -> bool:
        """Have another thread do what waits for one that goes on with something else; return False if there is none."""
        with self._lock:
            return not self._jobs or self._looking > 1 or self._another()

    def _wake(self) -> None:
        """See to it that a thread looks for a job, if there is any."""
        if self._jobs and not self._looking:
            self._another()

    def _another(self) -> bool:
        """Have one more thread look for a job, if there is one."""
        if self._asleep:
            self._asleep.pop().release()
        elif len(self._threads) >= self._threads_max or not self._started():
            return False
        self._looking += 1
        return True

    def _started(self) -> bool:
        """Start a thread; return False if the machine has none left, which is tried again soon."""
        name = f"workflows-effect-{len(self._threads)}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            if not self._short:
                self._short = True
                self._later(self._again)
            return False
        self._threads.append(thread)
        return True

    def _again(self) -> None:
        """See to what waits for a thread that could not be started."""
        with self._lock:
            self._short = False
            if not self._stopped:
                self._wake()

    def _run(self) -> None:
        bed = threading.Lock()
        bed.acquire()
        while (act := self._next(bed)) is not None:
            try:
                act()
            except BaseException:  # noqa: BLE001 - the next is not to wait for a thread that is no more
                _log.exception("a thread for effects met an error that is not its own")

    def _next(self, bed: threading.Lock) -> Callable[[], object] | None:
        """Return what the thread that calls this does next, were it to sleep behind its *bed*; None once it is over."""
        with self._lock:
            self._looking -= 1
            if self._stopped:
                return None
            if self._jobs and self._others_see():
                return partial(self._do, self._jobs.popleft())
            if self._owed:
                self._owed = False
                self._looking += 1
                return partial(self._after, self._relieved)
            self._asleep.append(bed)
        return bed.acquire

    def _others_see(self) -> bool:
        """Leave to another what there is beside one job; return False if what follows would have nobody."""
        if self._owed or len(self._jobs) > 1:
            return self._looking > 0 or self._another() or not self._owed
        return True

    def _do(self, job: _Job) -> None:
        try:
            job()
        finally:
            with self._lock:
                self._owed = True
                self._looking += 1
