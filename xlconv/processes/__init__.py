"""How processes begin, how long they may go on, and what is left when one ends: nothing.

Whatever a process of xlconv's starts or writes for a while is held by a keeper (`keeper.py`), which outlives it: it
ends and removes all that when the process is gone, however that came about. No process that is started here has the
current folder on its module path. Nothing here knows of workbooks.
"""

from __future__ import annotations

import os


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
