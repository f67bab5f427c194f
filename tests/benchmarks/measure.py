"""Whole-process times and peak memory, each against a baseline in the same run.

Times are those on the clock and those of the processors. The two commands of a row run in turn, after one warm-up each,
so that a machine whose speed drifts does not favour either; the figures are medians of five runs. With --write the
table goes into the README beside this script.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xlconv import layers, workbook
from xlconv.engines.libreoffice import find_program
from xlconv.network import Network, Node

RUNS = 5
HERE = Path(__file__).parent
PYTHON = sys.executable


class Run(NamedTuple):
    """One run of a command.

    Args:
        seconds: From its start to its end.
        cpu: Processor seconds of its own and of the processes that it waited for.
        peak: MB, of the process itself.
    """

    seconds: float
    cpu: float
    peak: float


def measured(command: list[str]) -> Run:
    """One run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak)


def row(title: str, command: list[str], baseline_title: str, baseline: list[str], limit: str, runs: int = RUNS) -> str:
    """A row of the table: medians of both, their ratios, and what those should be at most."""
    pairs = [(measured(command), measured(baseline)) for _ in range(runs + 1)][1:]
    ours, theirs = ([statistics.median(pair[at][of] for pair in pairs) for of in (0, 1)] for at in (0, 1))
    told = [f"{seconds:.2f} s, {cpu:.2f} s" for seconds, cpu in (ours, theirs)]
    ratios = ", ".join(f"{one / other:.2f}" for one, other in zip(ours, theirs, strict=True))
    memory = max(pair[0].peak for pair in pairs)
    line = f"| {' | '.join([f'`{title}`', told[0], baseline_title, told[1], ratios, limit])} | {memory:.0f} MB |"
    print(line, flush=True)
    return line


def main() -> None:
    """Measure all rows, print them, and write them where asked to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seven = str(folder / "7.xlsx")
        generate = [PYTHON, "-m", "xlconv", "generate", "--digit", "7", "--force", "--output", seven]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
        lines = [
            row("xlconv --help", [PYTHON, "-m", "xlconv", "--help"], *python("import click"), "2"),
            row("xlconv generate --digit 7", generate, *python("import numpy, openpyxl, click"), "2.4"),
        ]
        if program := find_program():
            convert = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
            convert += ["--convert-to", "xlsx", "--outdir", str(folder / "out"), seven]
            verify = [PYTHON, "-m", "xlconv", "verify", seven]
            lines.append(row("xlconv verify 7.xlsx", verify, "LibreOffice converts the file once", convert, "1.2"))
            lines.append(row("xlconv verify 7.xlsx", verify, "the same, newer mark", convert, "0.8, CPU 1"))
            recover = [PYTHON, "-m", "xlconv", "recover", seven]
            lines.append(
                row("xlconv recover 7.xlsx", recover, "LibreOffice converts the file once", convert, "CPU 0.4 s")
            )
            for side, formulas, limit in ((160, "99,546", "6"), (184, "132,139", "25 s, 1 GB")):
                large = large_workbook(folder / f"{side}.xlsx", side)
                check = [PYTHON, "-m", "xlconv", "verify", large]
                title = f"xlconv verify ({formulas} formulas)"
                lines.append(row(title, check, "LibreOffice converts it once", [*convert[:-1], large], limit, 1))
        forty = forty_workbooks(folder)
        one, two = ([PYTHON, "-m", "xlconv", "verify", *forty, "--jobs", jobs] for jobs in ("1", "2"))
        lines.append(row("xlconv verify *.xlsx --jobs 2", two, "`--jobs 1`", one, "0.59", 1))
    if "--write" in sys.argv:
        readme = HERE / "README.md"
        text = readme.read_text(encoding="utf-8")
        table = "\n".join(lines)
        readme.write_text(re.sub(r"(\| --- .*\n)(\|.*\n)*", lambda m: f"{m[1]}{table}\n", text), encoding="utf-8")


def forty_workbooks(folder: Path) -> list[str]:
    """Ten digits, four samples of each."""
    paths = []
    for digit in range(10):
        for sample in range(4):
            paths.append(str(folder / f"{digit}-{sample}.xlsx"))
            command = [PYTHON, "-m", "xlconv", "generate", "--digit", str(digit), "--sample", str(sample)]
            subprocess.run([*command, "--output", paths[-1]], check=True, stdout=subprocess.DEVNULL)
    return paths


def large_workbook(path: Path, side: int) -> str:
    """A network of 99,546 formulas for an image of 160x160, of 132,139 for one of 184x184."""
    left = (side - 2) // 2 - 2
    rng = np.random.default_rng(0)
    nodes = [
        Node("conv1", layers.Conv2d(1, 3, 3, bias=False)),
        Node("relu1", layers.ReLU(), inline=True),
        Node("maxpool", layers.MaxPool2d(2)),
        Node("conv2", layers.Conv2d(3, 1, 3, bias=False)),
        Node("relu2", layers.ReLU(), inline=True),
        Node("flatten", layers.Flatten()),
        Node("dense", layers.Linear(left * left, 2)),
    ]
    shapes = {f"{node.name}.{key}": shape for node in nodes for key, shape in node.layer.weight_shapes.items()}
    weights = {key: rng.standard_normal(shape) / 10 for key, shape in shapes.items()}
    workbook.write(Network((1, side, side), nodes, weights), rng.random((1, side, side)), path)
    return str(path)


def python(code: str) -> tuple[str, list[str]]:
    return f'`python -c "{code}"`', [PYTHON, "-c", code]


if __name__ == "__main__":
    main()
