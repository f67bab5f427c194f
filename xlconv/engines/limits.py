"""How much an engine may use for a file from outside: memory, processor time, wall clock."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_FILE: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one engine process.

    Memory and processor time are limits that POSIX systems set for a process (macOS does not hold to that of
    memory); on Windows only the wall clock holds.

    Args:
        memory: Address space, in bytes.
        cpu_seconds: Processor time of all threads together.
        seconds: On the wall clock.
    """

    memory: int = 4 << 30
    cpu_seconds: int = 120
    seconds: float = 120

    def apply(self) -> None:
        """Bind this process to the limits on memory and processor time, to files of 1 GiB, and to leave no core."""
        if sys.platform == "win32":
            return
        import resource

        wanted = {
            resource.RLIMIT_AS: (self.memory, self.memory),
            resource.RLIMIT_CPU: (self.cpu_seconds, self.cpu_seconds + 1),  # SIGXCPU first, which has a name
            resource.RLIMIT_FSIZE: (_FILE, _FILE),
            resource.RLIMIT_CORE: (0, 0),
        }
        for kind, limit in wanted.items():
            with suppress(ValueError, OSError):  # a stricter limit of the system's stands, or it knows none
                resource.setrlimit(kind, limit)
