"""Network -> .xlsx: openpyxl writes the cells, an engine computes them, and the results go in as cached values.

Rows are made one after another, so memory holds one row of cells, not the worksheet.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.cell import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.dimensions import ColumnDimension

from xlconv import declaration, emit, finish, style
from xlconv.cells import ErrorValue, NotEvaluated, Range, Value
from xlconv.engines import DEFAULT, by_name
from xlconv.errors import EngineError, NetworkError
from xlconv.files import whole_file
from xlconv.layers import ReLU, shape_text
from xlconv.layout import SHAPE_ROW, TITLE_ROW, Block, Layout, lay_out
from xlconv.network import INPUT

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from xlconv.network import FloatArray, Network


class Formula(str):
    """The text of a formula, beginning with `=`; any other text is text, even where it begins so."""


CellContent: TypeAlias = float | str | Formula
Contents: TypeAlias = Mapping[str, Callable[[int, int], CellContent]]
Row: TypeAlias = "Iterator[CellContent | WriteOnlyCell | None]"
Pens: TypeAlias = "Mapping[style.Kind, WriteOnlyCell]"
Looks: TypeAlias = "Mapping[str, WriteOnlyCell]"
"""For each block the pen of its cells."""
_LONGEST_FORMULA: Final = 8192
_LONGEST_TITLE: Final = 31
_COMPUTED: Final = ("output", "part", "prediction")


def write(network: Network, x: ArrayLike, path: str | Path, title: str = "xlconv", force: bool = False) -> None:
    """Write a workbook in which every activation is a live formula, with cached values.

    Args:
        network: What to compute.
        x: The input in it, of the network's input shape, finite.
        path: The .xlsx to write; it appears whole or not at all.
        title: The first worksheet's name.
        force: Whether an existing file may be replaced.

    Raises:
        NetworkError: The network or the input does not fit a worksheet.
        OutputError: The file exists or cannot be written.
        EngineError: The embedded engine could not compute the formulas.
    """
    path, x = Path(path), np.asarray(x, dtype=np.float64)
    if x.shape != network.input_shape:
        raise NetworkError(f"the input is {shape_text(x.shape)}, the network reads {shape_text(network.input_shape)}")
    if not np.isfinite(x).all():
        raise NetworkError("the input holds NaN or infinity, which a cell cannot")
    if bad := [name for name in network.classes if ILLEGAL_CHARACTERS_RE.search(name)]:
        raise NetworkError(f"the class name {bad[0]!r} has a control character, which a cell cannot have")
    layout = lay_out(network, sheet_title(title))
    with whole_file(path, force) as temporary:
        plain, contents = BytesIO(), _contents(network, x, layout)
        try:
            styles = _save(network, layout, contents, plain)
        except _lxml_errors() as error:
            raise OSError(str(error)) from None
        values = _computed(plain.getvalue(), layout, contents)
        finish.copy(
            plain, temporary, [(block.range, styles[block.name], values[block.name]) for block in layout.blocks]
        )


def _lxml_errors() -> tuple[type[Exception], ...]:
    """What openpyxl lets through when a disk is full; it writes with lxml where that is installed."""
    etree = sys.modules.get("lxml.etree")
    return (etree.SerialisationError,) if etree else ()


def sheet_title(text: str) -> str:
    """A legal worksheet name near `text`."""
    name = re.sub(r"[\x00-\x1f\[\]:*?/\\]", " ", text).strip("' ")[:_LONGEST_TITLE].strip("' ") or "xlconv"
    return f"{name} net"[-_LONGEST_TITLE:] if name.lower() in (declaration.SHEET.lower(), "history") else name


def _save(network: Network, layout: Layout, contents: Contents, target: IO[bytes]) -> dict[str, int]:
    """Write all that openpyxl writes; returns the style that the cells of each block are to have."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(layout.sheet)
    pens = {kind: style.pen(sheet, kind) for kind in style.KINDS}
    looks = {block.name: pens[_kind(block, network)] for block in layout.blocks}
    _write_net(sheet, network, layout, _rows(layout, contents, pens, looks))
    _write_declaration(book.create_sheet(declaration.SHEET), network)
    for block in layout.blocks:
        book.defined_names.add(DefinedName(block.name, attr_text=block.range.reference))
    table = Range(declaration.SHEET, 1, 1, len(network.nodes) + 2, len(declaration.HEADER))
    book.defined_names.add(DefinedName(declaration.NAME, attr_text=table.reference))
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    book.properties.title = layout.sheet
    book.properties.creator = "xlconv"
    styles = {name: pen.style_id for name, pen in looks.items()}  # asking for its number puts a style into the file
    book.save(target)
    return styles


def _write_net(sheet: WriteOnlyWorksheet, network: Network, layout: Layout, rows: Iterator[Row]) -> None:
    sheet.sheet_view.zoomScale = style.ZOOM
    sheet.sheet_view.showGridLines = False
    sheet.freeze_panes = f"A{SHAPE_ROW + 1}"
    sheet.sheet_format.defaultRowHeight = style.ROW_HEIGHT
    sheet.sheet_format.customHeight = True
    _fit_page(sheet)
    _set_widths(sheet, layout)
    for row in rows:
        sheet.append(row)
    for kind, signed, ranges in _heat_maps(network, layout):
        sheet.conditional_formatting.add(ranges, style.heat(kind, signed))


def _fit_page(sheet: WriteOnlyWorksheet) -> None:
    """Print the worksheet on one page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 1
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _set_widths(sheet: WriteOnlyWorksheet, layout: Layout) -> None:
    wide = set(layout.wide_columns)
    for column in range(1, layout.last_column + 1):
        letter = get_column_letter(column)
        width = style.WIDE if column in wide else style.CELL_WIDTH
        sheet.column_dimensions[letter] = ColumnDimension(sheet, index=letter, width=width)


def _rows(layout: Layout, contents: Contents, pens: Pens, looks: Looks) -> Iterator[Row]:
    """Row after row, each cell after cell."""
    labels: dict[int, dict[int, tuple[style.Kind, str]]] = {}
    for heading in layout.headings:
        labels.setdefault(TITLE_ROW, {})[heading.column] = ("title", heading.title)
        labels.setdefault(SHAPE_ROW, {})[heading.column] = ("shape", heading.shape)
    starts: dict[int, list[Block]] = {}
    for block in layout.blocks:
        labels.setdefault(block.range.row - 1, {})[block.range.column] = ("caption", block.caption)
        starts.setdefault(block.range.row, []).append(block)
    active: list[Block] = []
    for row in range(1, layout.last_row + 1):
        active = [block for block in active if block.range.row + block.range.height > row]
        active = sorted(active + starts.get(row, []), key=lambda block: block.range.column)
        yield _row(row, active, labels.get(row, {}), contents, pens, looks)


def _row(
    row: int,
    blocks: list[Block],
    labels: Mapping[int, tuple[style.Kind, str]],
    contents: Contents,
    pens: Pens,
    looks: Looks,
) -> Row:
    """The cells of one row: texts with their look, numbers and formulas without, as `finish` gives it to them."""
    column = 1
    spans: list[tuple[int, Block | None]] = [(block.range.column, block) for block in blocks]
    spans += [(at, None) for at in labels]
    for start, block in sorted(spans, key=lambda span: span[0]):
        yield from (None for _ in range(column, start))
        column = start + (block.range.width if block else 1)
        if block is None:
            kind, text = labels[start]
            yield _exact(pens[kind], text)
            continue
        content = contents[block.name]
        for at in range(block.range.width):
            found = content(row - block.range.row, at)
            if isinstance(found, Formula) or (isinstance(found, float) and float(f"{found:.16g}") == found):
                yield found
            else:
                yield _exact(looks[block.name], found)


def _exact(pen: WriteOnlyCell, content: float | str) -> WriteOnlyCell:
    """A cell with a look of its own; a pen serves for one cell after another, as each is written at once.

    openpyxl cuts numbers to 16 digits and takes texts that begin with `=` for formulas, unless the type is set after
    the value.
    """
    pen.value = content if isinstance(content, str) else repr(content)
    pen.data_type = "s" if isinstance(content, str) else "n"
    return pen


def _kind(block: Block, network: Network) -> style.Kind:
    """How a block's cells look."""
    if block.role == "classes":
        return "class"
    if block.role == "output" or block.role == "part":
        if len(network.shapes[block.layer]) == 3:
            return "output"
        return "share" if block.role == "output" and network[block.layer].layer.parts else "vector"
    return block.role


def _contents(network: Network, x: FloatArray, layout: Layout) -> Contents:
    """For each block, what stands in the cell at row and column, from 0."""
    return {block.name: _content(network, x, layout, block) for block in layout.blocks}


def _content(network: Network, x: FloatArray, layout: Layout, block: Block) -> Callable[[int, int], CellContent]:
    """What stands in the cell at row and column, from 0, of a block."""
    if block.role == "prediction":
        text = emit.prediction(layout.outputs[network.nodes[-1].name], layout.classes)
        return lambda _i, _j: Formula(f"={text}")
    if block.role == "classes":
        return lambda i, _j: class_content(network.classes[i])
    if block.role in ("output", "part"):
        return _formulas(network, layout, block)
    numbers = _numbers(network, x, block)
    return lambda i, j: float(numbers[i, j])


def class_content(name: str) -> CellContent:
    """A class name as a cell holds it: a number where it is one, else text."""
    return float(name) if re.fullmatch(r"0|-?[1-9]\d{0,14}", name) else name


def _numbers(network: Network, x: FloatArray, block: Block) -> FloatArray:
    """The numbers of an input, weight or bias block."""
    array = x if block.role == "input" else network.weights[f"{block.layer}.{block.role}"]
    if block.role == "weight" and array.ndim == 2 and len(block.indices) == 2:
        array = array.reshape(array.shape[0], -1, block.range.height, block.range.width)
    numbers: FloatArray = array[block.indices].reshape(block.range.height, block.range.width)
    return numbers


def _formulas(network: Network, layout: Layout, block: Block) -> Callable[[int, int], CellContent]:
    node = network[block.layer]
    operands = emit.Operands(
        layout.outputs[node.inputs[0]],
        layout.weights.get(node.name, ()),
        layout.biases.get(node.name, ()),
        layout.parts.get(node.name, {}),
    )
    chain = [each.layer for each in layout.inline[node.name]]
    formula = emit.formula.dispatch(type(node.layer))

    def text(i: int, j: int) -> Formula:
        index = (*block.indices, i, j) if block.indices else (i,)
        if block.part:
            return _checked(emit.part_formula(node.layer, block.part, operands, index), node.name)
        expression = formula(node.layer, operands, index)
        for layer in chain:
            expression = emit.wrap(layer, expression)
        return _checked(expression, node.name)

    return text


def _checked(expression: str, layer: str) -> Formula:
    if len(expression) >= _LONGEST_FORMULA:
        raise NetworkError(
            f"layer {layer!r}: a formula would have {len(expression) + 1} characters, Excel takes {_LONGEST_FORMULA}",
            hint="fewer input channels",
        )
    return Formula(f"={expression}")


def _heat_maps(network: Network, layout: Layout) -> Iterator[tuple[style.Kind, bool, str]]:
    """One colour scale for all blocks of a role in a layer, so that they can be compared."""
    groups: dict[tuple[str, str, str], list[Block]] = {}
    for block in layout.blocks:
        if block.role in ("input", "weight", "output", "part"):
            groups.setdefault((block.layer, block.role, block.part), []).append(block)
    for (layer, role, part), blocks in groups.items():
        ranges = " ".join(block.range.address for block in blocks)
        if role == "input":
            yield "input", False, ranges
        else:
            last = [layer, *(node.name for node in layout.inline.get(layer, ()))][-1]
            yield "output", role == "weight" or not (part or _unsigned(network, last)), ranges


def _unsigned(network: Network, name: str) -> bool:
    """Whether a layer's output cannot be negative, as far as the kinds of layers tell."""
    if name == INPUT:
        return False
    layer = network[name].layer
    if isinstance(layer, ReLU) or layer.parts:
        return True
    return not layer.weight_shapes and _unsigned(network, network[name].inputs[0])


def _write_declaration(sheet: WriteOnlyWorksheet, network: Network) -> None:
    for letter, width in zip("ABCDEF", (14, 12, 14, 70, 8, 14), strict=True):
        sheet.column_dimensions[letter] = ColumnDimension(sheet, index=letter, width=width)
    sheet.freeze_panes = "A2"
    _fit_page(sheet)
    header, text = style.pen(sheet, "header"), style.pen(sheet, "text")
    for number, row in enumerate(declaration.rows(network)):
        sheet.append(_exact(text if number else header, value) if value else None for value in row)


def _computed(package: bytes, layout: Layout, contents: Contents) -> dict[str, list[list[Value]]]:
    """The values of all cells by block: the numbers, and what the embedded engine makes of them."""
    values: dict[str, list[list[Value]]] = {}
    for block in layout.blocks:
        if block.role not in _COMPUTED:
            content, where = contents[block.name], block.range
            values[block.name] = [[content(i, j) for j in range(where.width)] for i in range(where.height)]
    formulas = [block for block in layout.blocks if block.role in _COMPUTED]
    (found,) = by_name(DEFAULT, isolated=False).evaluate(package, [[]], [block.range for block in formulas])
    for block, computed in zip(formulas, found, strict=True):
        bad = [value for row in computed for value in row if isinstance(value, ErrorValue | NotEvaluated | None)]
        if bad:
            raise EngineError(f"the engine computed {bad[0] or 'nothing'} in {block.range.reference}")
        values[block.name] = computed
    return values
