"""A few threads for what takes time, so that the scheduler never waits."""

import threading
from collections import deque
from collections.abc import Callable

THREADS_MAX = 16
_Job = Callable[[], None]


class Effects:
    """
    Run effects on a few threads, sixteen if nothing else is said.

    One thread is woken at a time, and wakes the next if there is still something to do when it begins: so effects that
    take long begin at the same time, and threads are not woken for those that another does in the time this takes.

    They are daemons: an effect under way must not keep the process from ending, because what it
    was about to report is recovered like after a crash.
    """

    def __init__(self, threads_max: int = THREADS_MAX) -> None:
        self._threads_max = threads_max
        self._jobs: deque[_Job] = deque()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        # Those that sleep, each behind a lock of its own, the last first: what it needs is still near it.
        self._asleep: list[threading.Lock] = []
        # Whether one was woken, or made, that has not looked for a job yet.
        self._waking = False
        self._stopped = False

    def submit(self, job: _Job) -> None:
        """Run *job*, which must not raise, as soon as a thread is free; after a stop, never."""
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

    def _wake(self) -> None:
        """See to it that one more thread looks for a job, if there is any."""
        if self._waking or not self._jobs:
            return
        if self._asleep:
            self._asleep.pop().release()
        elif len(self._threads) < self._threads_max:
            name = f"workflows-effect-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        else:
            return
        self._waking = True

    def _run(self) -> None:
        bed, woken = threading.Lock(), True
        bed.acquire()
        while True:
            with self._lock:
                if woken:
                    self._waking = woken = False
                if self._stopped:
                    return
                job = self._jobs.popleft() if self._jobs else None
                if job is None:
                    self._asleep.append(bed)
                else:
                    self._wake()
            if job is None:
                bed.acquire()
                woken = True
            else:
                job()
