"""What a formula computes, in the words of networks: a sum of products, the largest of some cells, a ReLU, ...

The same meaning has many spellings (`SUM(a*b)` as an array, `SUMPRODUCT(a,b)`, a long sum of single products,
`MMULT`), so formulas are compared and understood by meaning. Formulas that mean none of these have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from xlconv.cells import Range
from xlconv.formula import notation
from xlconv.formula.references import Ref
from xlconv.formula.tree import Node, parse
from xlconv.layers import ReLU
from xlconv.recover import elementwise, pooled
from xlconv.recover.nouns import (
    Applied,
    Argmax,
    Exp,
    Max,
    Meaning,
    OperandRef,
    Share,
    Sum,
    SumExp,
    Term,
    Window,
    element,
)


class _UnknownError(Exception):
    """The formula means nothing that a network computes."""


class Reader:
    """Reads formulas.

    Args:
        refer: What cells a reference, a name or a table's column in a formula of some cell means.
    """

    def __init__(self, refer: Callable[[str, Range], Ref | None]) -> None:
        self._refer = refer

    def meaning(self, formula: str, cell: Range) -> Meaning | None:
        """What a formula of one cell computes, or None.

        Args:
            formula: Without the leading `=`.
            cell: Where it stands.
        """
        whole = self._array(formula, cell)
        return whole if whole is None or _shape(whole) == (1, 1) else None

    def elements(self, formula: str, where: Range) -> Iterator[tuple[int, int, Meaning]]:
        """What each cell of an array formula computes, by its row and column from 0."""
        whole = self._array(formula, where.part(0, 0))
        if whole is None or _shape(whole) != (where.height, where.width):
            return
        for i in range(where.height):
            for j in range(where.width):
                yield i, j, element(whole, i, j)

    def _array(self, formula: str, cell: Range) -> Meaning | None:
        try:
            tree = parse(formula)
            return None if tree is None else self._outer(tree, cell)
        except (_UnknownError, ValueError):
            return None

    def _outer(self, node: Node, cell: Range) -> Meaning:
        """Of a whole formula, which may be an elementwise layer around something else."""
        with suppress(_UnknownError, ValueError):
            return self._window(node, cell)
        with suppress(_UnknownError, ValueError):
            return self._read(node, cell)
        for part, layer in elementwise.around(node):
            of = self._outer(part, cell)
            if _shape(of) == (1, 1) or elementwise.is_by_element(node, part):
                return Applied(of, layer, _shape(of))
        raise _UnknownError

    def _window(self, node: Node, cell: Range) -> Meaning:
        """What a pooling makes of a range."""
        read = next((each for each in node.walk() if each.kind == "reference"), None)
        if read is None or node.kind == "reference":
            raise _UnknownError
        ref = self._ref(read.text, cell)
        kind = pooled.kind_of(node, ref.shape)
        if kind is None:
            raise _UnknownError
        return Window((ref,), kind)

    def _read(self, node: Node, cell: Range) -> Meaning:
        match node.kind:
            case "reference":
                ref = self._ref(node.text, cell)
                return Sum((Term(1.0, (ref,)),), 0.0, ref.shape)
            case "number":
                return Sum((), float(node.text))
            case "operator":
                return self._operation(node.text, node.children, cell)
            case "function":
                return self._function(node, cell)
        raise _UnknownError

    def _operation(self, operator: str, operands: Sequence[Node], cell: Range) -> Meaning:
        operation = (_UNARY if len(operands) == 1 else _BINARY).get(operator)
        if operation is None:
            raise _UnknownError
        return operation(*(self._read(operand, cell) for operand in operands))

    def _function(self, node: Node, cell: Range) -> Meaning:
        function = _FUNCTIONS.get(f"{node.prefix}{node.text}")
        if function is None or not node.children:
            raise _UnknownError
        return function([self._read(arg, cell) for arg in node.children])

    def _ref(self, text: str, cell: Range) -> OperandRef:
        """The range of a reference, or of what stands for one."""
        found = self._refer(text, cell)
        if found is None:
            raise _UnknownError
        whole = notation.reference(text, cell.sheet) if found.is_cut else None
        return OperandRef(found.range if whole is None else whole[0], found.down, found.right)


def _shape(of: Meaning) -> tuple[int, int]:
    return getattr(of, "shape", (1, 1))


def _is_zero(of: Meaning) -> bool:
    return isinstance(of, Sum) and not of.terms and of.constant == 0


def _scaled(of: Meaning, factor: float) -> Sum:
    if type(of) is not Sum:
        raise _UnknownError
    terms = tuple(term._replace(coefficient=factor * term.coefficient) for term in of.terms)
    return Sum(terms, factor * of.constant, of.shape)


def _add(left: Meaning, right: Meaning) -> Meaning:
    """Of equal shapes: a scalar is not spread over an array, except where it adds nothing."""
    exps = (*_exps(left), *_exps(right))
    if len(exps) > 1:
        return SumExp(exps)
    if type(left) is not Sum or type(right) is not Sum:
        raise _UnknownError
    if _is_zero(left) or _is_zero(right):
        return right if _is_zero(left) else left
    if left.shape != right.shape:
        raise _UnknownError
    return Sum(left.terms + right.terms, left.constant + right.constant, left.shape)


def _exps(of: Meaning) -> tuple[Exp, ...]:
    """What adds up to a sum of exponentials."""
    if isinstance(of, SumExp):
        return of.parts
    return (of,) if isinstance(of, Exp) and of.shape == (1, 1) else ()


def _subtract(left: Meaning, right: Meaning) -> Meaning:
    if isinstance(right, Max) and type(left) is Sum:
        return _Shifted(left.terms, left.constant, left.shape, right.refs)
    if isinstance(left, Argmax) and isinstance(right, Sum) and not right.terms:
        return replace(left, base=left.base - right.constant)
    return _add(left, _scaled(right, -1.0))


@dataclass(frozen=True)
class _Shifted(Sum):
    """A sum less the largest of some cells; only EXP makes sense of it."""

    shift: tuple[OperandRef, ...] = ()


def _multiply(left: Meaning, right: Meaning) -> Meaning:
    if type(left) is not Sum or type(right) is not Sum:
        raise _UnknownError
    for one, other in ((left, right), (right, left)):
        if not one.terms:
            return _scaled(other, one.constant)
    if len(left.terms) != 1 or len(right.terms) != 1 or left.constant or right.constant or left.shape != right.shape:
        raise _UnknownError
    (a,), (b,) = left.terms, right.terms
    if len(a.refs) != 1 or len(b.refs) != 1 or a.refs[0].shape != left.shape or b.refs[0].shape != left.shape:
        raise _UnknownError
    return Sum((Term(a.coefficient * b.coefficient, (a.refs[0], b.refs[0])),), 0.0, left.shape)


def _divide(left: Meaning, right: Meaning) -> Meaning:
    if isinstance(right, Sum) and not right.terms and right.constant:
        return _scaled(left, 1 / right.constant)
    if isinstance(left, (Sum, Exp)) and isinstance(right, (Sum, SumExp)) and _shape(right) == (1, 1):
        return Share(left, right, left.shape)
    raise _UnknownError


def _single(args: list[Meaning]) -> Meaning:
    """`@A1`: of a cell, that cell; of a range it depends on where the formula stands."""
    (of,) = args
    if _only_ref(of).range.size != 1:
        raise _UnknownError
    return of


_UNARY: Final[dict[str, Callable[[Meaning], Meaning]]] = {
    "+": lambda of: of,
    "-": lambda of: _scaled(of, -1.0),
    "%": lambda of: _scaled(of, 0.01),
    "@": lambda of: _single([of]),
}

_BINARY: Final[dict[str, Callable[[Meaning, Meaning], Meaning]]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
}


def _sum(args: list[Meaning]) -> Meaning:
    """SUM of cells, ranges and products of ranges."""
    if len(args) == 1 and isinstance(args[0], SumExp):
        return args[0]
    if len(args) == 1 and isinstance(args[0], Exp):
        return SumExp((args[0],))
    terms: list[Term] = []
    constant = 0.0
    for arg in args:
        if type(arg) is not Sum or (arg.constant and arg.shape != (1, 1)) or any(term.matrix for term in arg.terms):
            raise _UnknownError
        terms += arg.terms
        constant += arg.constant
    return Sum(tuple(terms), constant)


def _sumproduct(args: list[Meaning]) -> Meaning:
    return _sum([reduce(_multiply, args)])


def _max(args: list[Meaning]) -> Meaning:
    """The largest of cells, or of cells and 0, which is a ReLU around it."""
    rest = [arg for arg in args if not _is_zero(arg)]
    refs = tuple(ref for arg in rest for ref in _plain(arg))
    if len(rest) < len(args) and sum(ref.range.size for ref in refs) == 1:
        raise _UnknownError  # it is the ReLU of one cell
    return Applied(Max(refs), ReLU()) if len(rest) < len(args) else Max(refs)


def _plain(of: Meaning) -> Iterator[OperandRef]:
    """The cells that an argument of MAX names."""
    if isinstance(of, Max):
        yield from of.refs
    elif type(of) is Sum and len(of.terms) == 1 and not of.constant:
        (term,) = of.terms
        if term.coefficient != 1 or len(term.refs) != 1:
            raise _UnknownError
        yield term.refs[0]
    else:
        raise _UnknownError


def _exp(args: list[Meaning]) -> Meaning:
    (of,) = args
    if not isinstance(of, Sum):
        raise _UnknownError
    shift = of.shift if isinstance(of, _Shifted) else ()
    return Exp(Sum(of.terms, of.constant, of.shape), shift, of.shape)


def _mmult(args: list[Meaning]) -> Meaning:
    """A product of matrices; its elements are made where they are asked for."""
    left, right = (_only_ref(arg) for arg in args)
    if left.shape[1] != right.shape[0]:
        raise _UnknownError
    shape = (left.shape[0], right.shape[1])
    if shape == (1, 1):
        return Sum((Term(1.0, (left, right)),))
    return Sum((Term(1.0, (left, right), matrix=True),), 0.0, shape)


def _transpose(args: list[Meaning]) -> Meaning:
    ref = _only_ref(args[0])
    ref = ref._replace(turned=not ref.turned)
    return Sum((Term(1.0, (ref,)),), 0.0, ref.shape)


def _only_ref(of: Meaning) -> OperandRef:
    (ref,) = _plain(of)
    return ref


def _match(args: list[Meaning]) -> Meaning:
    if len(args) != 3 or not isinstance(args[0], Max) or not _is_zero(args[2]):
        raise _UnknownError
    vector = _only_ref(args[1])
    if [ref.range for ref in args[0].refs] != [vector.range]:
        raise _UnknownError
    return Argmax(vector)


def _index(args: list[Meaning]) -> Meaning:
    if len(args) != 2 or not isinstance(args[1], Argmax) or args[1].base != 1:
        raise _UnknownError
    return replace(args[1], labels=(_only_ref(args[0]),))


_FUNCTIONS: Final[dict[str, Callable[[list[Meaning]], Meaning]]] = {
    "SUM": _sum,
    "SUMPRODUCT": _sumproduct,
    "MAX": _max,
    "EXP": _exp,
    "MMULT": _mmult,
    "TRANSPOSE": _transpose,
    "MATCH": _match,
    "INDEX": _index,
    "_xlfn.SINGLE": _single,  # as Excel writes @
}
