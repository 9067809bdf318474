"""The small wrong changes that can be made to a module, one at a time, on its syntax tree."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import attrs

OPPOSITE: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}

# How a class is laid out in memory shows in no result.
LAYOUT: Final = {"frozen", "gc", "kw_only", "slots", "eq", "repr", "cache_hash"}
SHOWN: Final = {"__repr__", "__str__", "__rich_repr__"}


@attrs.frozen
class Change:
    """One change to a tree that was parsed for it: `make` it once, then unparse the tree."""

    line: int
    make: Callable[[], None]


def changes(tree: ast.AST) -> Iterator[Change]:
    """Every change to a module, in the same order for the same text."""
    for name, value in ast.iter_fields(tree):
        if isinstance(value, list):
            for index, node in enumerate(value):
                if isinstance(node, ast.AST) and not is_skipped(tree, name, node):
                    yield from changes_at(node, partial(value.__setitem__, index))
        elif isinstance(value, ast.AST) and not is_skipped(tree, name, value):
            yield from changes_at(value, partial(setattr, tree, name))


def changes_at(node: ast.AST, put: Callable[[ast.AST], None]) -> Iterator[Change]:
    for new in (*other_operators(node), *other_expressions(node), *other_flow(node)):
        yield Change(getattr(node, "lineno", 0), partial(put, new))
    yield from changes(node)


def other_operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITE:
            yield with_field(node, "ops", [OPPOSITE[type(op)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in OPPOSITE:
            yield with_field(node, "op", OPPOSITE[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand


def other_expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Another value, a call that lacks its last or a named argument, a condition that is negated or gone."""
    match node:
        case ast.Constant(value=value):
            yield from (ast.Constant(other) for other in other_values(value))
        case ast.Call(args=args, keywords=keywords):
            if len(args) > 1:
                yield with_field(node, "args", args[:-1])
            for dropped in keywords:
                if dropped.arg not in LAYOUT:
                    yield with_field(node, "keywords", [keyword for keyword in keywords if keyword is not dropped])
        case ast.If(test=test) | ast.IfExp(test=test) if isinstance(test, ast.Name | ast.Attribute | ast.Call):
            yield with_field(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[_, *_]):
            yield with_field(node, "ifs", [])


def other_flow(node: ast.AST) -> Iterator[ast.AST]:
    """None returned, a statement left out, the other way on in a loop."""
    match node:
        case ast.Return(value=ast.Constant(value=None)):
            return
        case ast.Return(value=ast.AST()):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await() | ast.Yield()) | ast.Raise():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()


def other_values(value: object) -> Iterator[bool | complex | str | bytes]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if not is_prose(value):
            yield f"{value}X"
        case bytes():
            yield value + b"X"


def with_field(node: ast.AST, field: str, value: object) -> ast.AST:
    new = copy.copy(node)
    setattr(new, field, value)
    return new


def is_skipped(parent: ast.AST, field: str, node: ast.AST) -> bool:
    """What is left as it is, with all in it: types, decorators, docstrings, texts for people."""
    match parent, node:
        case ast.Raise(), ast.Call(args=[ast.Constant() | ast.JoinedStr()], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id="cast"), args=[first, *_]), _ if node is first:
            return True
    match node:
        case (
            ast.Import()
            | ast.ImportFrom()
            | ast.Expr(value=ast.Constant())
            | ast.If(test=ast.Name(id="TYPE_CHECKING"))
            | ast.Assign(targets=[ast.Name(id="__all__")])
            | ast.Subscript(value=ast.Name(id="Literal" | "Annotated"))
            | ast.Call(func=ast.Name(id="TypeVar"))
        ):
            return True
        case ast.FunctionDef(name=name) if name in SHOWN:
            return True
        case ast.keyword(arg=name) if name in LAYOUT:
            return True
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.Constant) and is_prose(str(value.value)) for value in values)
    return field in {"annotation", "returns", "decorator_list"}


def is_prose(text: str) -> bool:
    """Three words or more are a message to a person, which no test should hold to the letter."""
    return text.count(" ") > 1
