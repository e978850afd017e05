"""Code under names of its own, so that it can stand beside any other code and read none of its names."""

import ast
import warnings


def private(source: str, prefix: str) -> str:
    """``source`` with ``prefix`` before every name that it binds, and without docstrings and annotations.

    Imported names stay as they are, attributes too. Keyword arguments follow the functions that are defined here.
    A first line binds all the names, for those of inner functions would else count as names that the code needs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in the data are not the user's affair
        tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    bound = {name for node in nodes for name in _bound(node)}
    first = "".join(f"{prefix}{name} = " for name in sorted(bound))
    return f"{first}None\n{ast.unparse(ast.fix_missing_locations(_Renamer(prefix, bound).visit(tree)))}"


def _bound(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
            return [name]
    return []


class _Renamer(ast.NodeTransformer):
    def __init__(self, prefix: str, bound: set[str]) -> None:
        self._prefix, self._bound = prefix, bound

    def _new(self, name: str) -> str:
        return f"{self._prefix}{name}" if name in self._bound else name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._new(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._new(node.arg))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name, node.returns = self._new(node.name), None
        node.body = [one for one in node.body if not _is_text(one)] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self._new(node.name)
        self.generic_visit(node)
        return node

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = [one for one in node.body if not _is_text(one)]
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value, lineno=node.lineno) if node.value else None

    def visit_Call(self, node: ast.Call) -> ast.Call:
        if isinstance(node.func, ast.Name) and node.func.id in self._bound:
            for keyword in node.keywords:
                keyword.arg = keyword.arg and self._new(keyword.arg)
        self.generic_visit(node)
        return node

    def visit_Global(self, node: ast.Global) -> ast.Global:
        return ast.Global([self._new(name) for name in node.names])

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        return ast.Nonlocal([self._new(name) for name in node.names])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.name = node.name and self._new(node.name)
        self.generic_visit(node)
        return node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
