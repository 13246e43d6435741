"""A few threads for what takes time, so that the scheduler never waits."""

import queue
import threading
from collections.abc import Callable

THREADS_MAX = 16


class Effects:
    """
    Run effects on a few threads, sixteen if nothing else is said.

    They are daemons: an effect under way must not keep the process from ending, because what it
    was about to report is recovered like after a crash.
    """

    def __init__(self, threads_max: int = THREADS_MAX) -> None:
        self._threads_max = threads_max
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._free = 0
        self._stopped = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run *job*, which must not raise, as soon as a thread is free; after a stop, never."""
        with self._lock:
            if self._stopped:
                return
            self._free -= 1
            if self._free < 0 and len(self._threads) < self._threads_max:
                self._free += 1
                name = f"workflows-effect-{len(self._threads)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._jobs.put(job)

    def stop(self) -> None:
        """Let the threads end after what they are doing; what they did not begin stays undone."""
        with self._lock:
            self._stopped = True
        for _ in self._threads:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopped:
            job()
            with self._lock:
                self._free += 1
