"""Programs of others: where they are looked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def find(*names: str) -> str | None:
    """The path of the first of some programs that is on the PATH; never one that lies in the current folder.

    A PATH with an empty place names that folder, and Windows looks there in any case.
    """
    current = Path.cwd().resolve()
    places = [place for place in os.get_exec_path() if Path(place).is_absolute() and Path(place).resolve() != current]
    for name in names:
        found = shutil.which(name, path=os.pathsep.join(places)) if places else None
        if found and Path(found).absolute().parent.resolve() != current:
            return found
    return None
