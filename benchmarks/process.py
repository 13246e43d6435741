"""The platform as a process of its own, which can be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from benchmarks.spawn import BYTE_CODE, ROOT, cpu_s, family, free_port
from local.entrance import served


@dataclass
class Process:
    """One life of the platform after another, on one data folder."""

    data: Path
    port: int = field(default_factory=free_port)
    kills: int = 0
    process: subprocess.Popen[bytes] | None = None
    root: Path = ROOT
    """The build that is served."""

    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it serves when it lives."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def secret(self) -> str:
        """What signs in there, in this life."""
        now = served(self.data)
        if now is None:
            raise RuntimeError("it does not run")
        return now.secret

    def start(self) -> None:
        """Start it on what the last life left, and wait until it answers."""
        command = [sys.executable, "-m", "local", "serve", "--movable-clock"]
        with (self.data / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.data), "--port", str(self.port)],
                cwd=self.root,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=os.environ | BYTE_CODE | {"LOG": "ERROR"} | dict(self.environ),
            )
        self.await_answer()

    def await_answer(self) -> None:
        """Wait until it serves."""
        pool = urllib3.PoolManager(retries=False)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(urllib3.exceptions.HTTPError):
                if pool.request("GET", f"{self.address}/v1/health", timeout=2).status == 200:
                    return
            time.sleep(0.01)
        raise TimeoutError("the platform did not come back")

    def kill(self) -> None:
        """Kill it without a warning, and start it again."""
        self.stop(signal.SIGKILL)
        self.kills += 1
        self.start()

    def stop(self, how: signal.Signals) -> None:
        """End the process."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait()

    def cpu_s(self) -> float:
        """Return the CPU time that it and what came of it have taken so far, user and system."""
        return cpu_s(family(self._pid))

    def memory_mb(self) -> float:
        """Return the memory that it and what came of it take; what several share counts once."""
        told = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in family(self._pid)]
        return sum(int(one.partition("\nPss:")[2].split()[0]) for one in told) / 1000

    @property
    def _pid(self) -> int:
        if self.process is None:
            raise RuntimeError("the platform does not run")
        return self.process.pid
