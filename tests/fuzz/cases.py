"""One case of each kind: files made by chance, and what is then done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

from tests.fuzz import bases, folders, grammar, markup, packages, pieces
from xlconv import digits
from xlconv.errors import XlconvError
from xlconv.reader.formulas import Budget

FORMULAS: Final = 50
"""Formulas in one case."""
_FIRST_ROW: Final = 300
"""Below the networks of all workbooks that are mutated."""

Act: TypeAlias = list[str] | Callable[[], None]
"""Arguments of the command line, or what is called directly and may raise nothing but our own errors."""


class Step(NamedTuple):
    """Something that is done with a file.

    Args:
        name: Of the command or of what is called.
        act: What is done.
        compare: The workbook that LibreOffice is to see as xlconv does, if the exit code is 0.
    """

    name: str
    act: Act
    compare: Path | None = None


@dataclass(frozen=True)
class Case:
    """A file or a folder made by chance; the same seed, kind and number give the same one.

    Args:
        kind: One of `KINDS`.
        number: From 0.
        seed: Of the whole run.
    """

    kind: str
    number: int
    seed: int

    def steps(self, home: Path, folder: Path) -> Iterator[Step]:
        """Write the files, then say what to do with them.

        Args:
            home: With what `bases.make` has written.
            folder: An empty one, for this case.
        """
        rng = Random(f"{self.seed} {self.kind} {self.number}")
        yield from KINDS[self.kind](rng, home, folder)


def _workbook(rng: Random, home: Path, folder: Path) -> Iterator[Step]:
    """A mutated workbook, checked and looked at."""
    base = rng.choice(sorted(bases.WORKBOOKS))
    path = folder / f"{base}.xlsx"
    path.write_bytes(mutant((home / path.name).read_bytes(), rng))
    yield Step("verify", ["verify", "--random", "1", str(path)], path)
    more = rng.choice((["recover"], ["recover", "--json"], ["show"], ["inspect"], ["recover", "--output", "saved"]))
    yield Step(more[0], [more[0], str(path), *more[1:]])


def mutant(package: bytes, rng: Random) -> bytes:
    """A package with faults in its bytes, its entries or the XML of its parts."""
    if rng.random() < 0.25:
        return packages.mutated(package, rng)
    entries = packages.read(package)
    for entry in rng.choices(entries, weights=[_weight(entry.name) for entry in entries], k=rng.choice((1, 1, 1, 2))):
        entry.data = markup.mutated(entry.data, rng)
    return packages.written(entries)


def _weight(name: str) -> int:
    """How likely a part is to be mutated: the more the more of it is read."""
    if "worksheets/sheet" in name:
        return 12
    return 3 if name.startswith(("xl/workbook", "xl/shared", "xl/_rels", "xl/tables", "[", "_rels")) else 1


def _formulas(rng: Random, home: Path, folder: Path) -> Iterator[Step]:
    """Many formulas, each by itself and all together in a workbook below a network."""
    made = [grammar.formula(rng) for _ in range(FORMULAS)]
    seed = rng.random()
    for at, formula in enumerate(made):
        chance = Random(f"{seed} {at}")
        yield Step("pieces", partial(pieces.take_apart, formula, chance))
        yield Step("self-test", partial(pieces.make_wrong, home / "mixture.xlsx", formula, chance))
    base = rng.choice(("plain", "shared", "mixture"))
    path = folder / f"{base}.xlsx"
    path.write_bytes(with_formulas((home / path.name).read_bytes(), made, rng))
    yield Step("audit", partial(pieces.audit_all, path))
    for command in ("recover", "verify", "show"):
        yield Step(command, [command, str(path), *(["--random", "0"] if command == "verify" else [])])


def with_formulas(package: bytes, formulas: list[str], rng: Random) -> bytes:
    """A workbook with formulas below what is there, in cells, array formulas and names."""
    if rng.random() < 0.8:  # an engine refuses a workbook that reads another one, and nothing more is tried
        formulas = [formula for formula in formulas if "[" not in formula]
    if rng.random() < 0.9:  # so does the reader what is longer or deeper than Excel has it
        formulas = [formula for formula in formulas if not Budget().spend(formula)]
    entries = packages.read(package)
    for entry in entries:
        if entry.name == "xl/worksheets/sheet1.xml":
            rows = "".join(_row(_FIRST_ROW + 3 * at, formula, rng) for at, formula in enumerate(formulas))
            entry.data = entry.data.replace(b"</sheetData>", rows.encode() + b"</sheetData>")
        elif entry.name == "xl/workbook.xml":
            entry.data = _with_names(entry.data, [f for f in formulas if rng.random() < 0.1])
    return packages.written(entries)


def _row(row: int, formula: str, rng: Random) -> str:
    kind = rng.choice(("", "", "", "", f' t="array" ref="A{row}"', f' t="array" ref="A{row}:B{row + 1}"'))
    return f'<row r="{row}"><c r="A{row}"><f{kind}>{_xml(formula)}</f></c></row>'


def _with_names(book: bytes, formulas: list[str]) -> bytes:
    names = "".join(f'<definedName name="fuzz{at}">{_xml(each)}</definedName>' for at, each in enumerate(formulas))
    if b"</definedNames>" in book:
        return book.replace(b"</definedNames>", names.encode() + b"</definedNames>")
    return book.replace(b"</sheets>", f"</sheets><definedNames>{names}</definedNames>".encode())


def _xml(text: str) -> str:
    """Without the characters that no XML may have."""
    return escape("".join(c for c in text if c >= " " or c in "\t\n\r"))


def _template(rng: Random, home: Path, folder: Path) -> Iterator[Step]:
    """A mutated template, picture or file of digits, and a command that reads it."""
    match rng.choice(("generate",) * 6 + ("against", "against", "image", "image", "idx", "idx")):
        case "generate":
            _mutate_folder(home, folder, rng)
            yield Step("generate", ["generate", "--template", str(folder), "--digit", "1", "--output", "out.xlsx"])
        case "against":
            _mutate_folder(home, folder, rng)
            yield Step(
                "verify --against", ["verify", str(home / "plain.xlsx"), "--random", "0", "--against", str(folder)]
            )
        case "image":
            name = rng.choice(("picture.png", "picture.jpg"))
            (folder / name).write_bytes(folders.picture((home / name).read_bytes(), rng))
            template = ["--template", str(home / "template"), "--output", "out.xlsx"]
            yield Step("generate --image", ["generate", "--image", str(folder / name), *template])
        case "idx":
            faulty, ending = rng.choice(bases.DIGITS), rng.choice(("", ".gz"))
            for name in bases.DIGITS:
                data = (home / name).read_bytes()
                made = folder / f"{name}{ending if name == faulty else ''}"
                made.write_bytes(folders.idx(data, rng) if name == faulty else data)
            yield Step("load_mnist", partial(_load_mnist, folder))


def _mutate_folder(home: Path, folder: Path, rng: Random) -> None:
    """A copy of the template with faults in one of its files."""
    faulty = rng.choice(sorted(folders.FILES))
    for name, mutate in folders.FILES.items():
        data = (home / "template" / name).read_bytes()
        (folder / name).write_bytes(mutate(data, rng) if name == faulty else data)


def _load_mnist(folder: Path) -> None:
    try:
        digits.load_mnist(folder)
    except XlconvError:
        return


KINDS: Final[dict[str, Callable[[Random, Path, Path], Iterator[Step]]]] = {
    "workbook": _workbook,
    "formulas": _formulas,
    "template": _template,
}
"""By name."""
