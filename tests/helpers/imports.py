"""imports.py: what the modules of a package import, read from their text.

Owns the graph of imports of any package in a folder, and what can be wrong with one. A module is
called by its name below the package: ``tables.events``, ``tables`` for ``tables/__init__.py``, an
empty text for the package itself. An import counts wherever it stands: in a function, for type
checkers alone, or as a text that names a module, which is how one is loaded when it is needed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

Graph = dict[str, set[str]]
Edge = tuple[str, str]
#: Rooms from left to right; rooms that stand side by side are one tuple.
Order = Sequence[str | tuple[str, ...]]

ENTRANCES = {"", "__main__"}


def python_files(package: Path) -> dict[str, Path]:
    """Return the modules that are written in Python, and the packages."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def compiled(package: Path) -> set[str]:
    """Return the modules that are only a stub here: something else than Python makes them."""
    stubs = (path.relative_to(package).with_suffix("") for path in package.rglob("*.pyi"))
    return {".".join(stub.parts) for stub in stubs} - python_files(package).keys()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    """Return the first part of a module's name; a module beside the rooms is a room itself."""
    return module.partition(".")[0]


def below(package: Path, name: str) -> str | None:
    """Return a full name without the package, or None if it is of another package."""
    first, _, rest = name.partition(".")
    return rest if first == package.name else None


def on_load(parent: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is loaded: nothing in functions, or for type checkers alone."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Constant):
            continue
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield node
            yield from on_load(node)


def imports_in(
    package: Path, nodes: Iterator[ast.AST], known: set[str], texts: bool = True
) -> Iterator[str]:
    """Yield what of the package is imported in some nodes of a module's tree."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not node.level:
            base = below(package, node.module or "")
            for alias in node.names if base is not None else ():
                inner = f"{base}.{alias.name}" if base else alias.name
                yield inner if inner in known else base or ""
        elif isinstance(node, ast.Import):
            names = (below(package, alias.name) for alias in node.names)
            yield from (name for name in names if name is not None)
        elif texts and isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = below(package, node.value.partition(":")[0])
            if name and name in known:
                yield name


def graph_of(package: Path, *, loading: bool = False, texts: bool = True) -> Graph:
    """Return what each Python module imports of its package, or only what loading it imports.

    Without ``texts`` a text that names a module is no import.
    """
    files = python_files(package)
    known = files.keys() | compiled(package)
    nodes = on_load if loading else ast.walk
    return {
        module: set(imports_in(package, nodes(tree(path)), known, texts))
        for module, path in files.items()
    }


def without(graph: Graph, edges: set[Edge]) -> Graph:
    return {
        module: {name for name in names if (module, name) not in edges}
        for module, names in graph.items()
    }


def edges_of(graph: Graph) -> set[Edge]:
    return {(module, name) for module, names in graph.items() for name in names}


def flat(order: Order) -> list[str]:
    """Return all rooms of an order."""
    return [room for group in order for room in ([group] if isinstance(group, str) else group)]


def to_the_right(graph: Graph, order: Order) -> set[Edge]:
    """Return the imports of rooms that do not stand to the left; those of the package are free."""
    place = {room: number for number, group in enumerate(order) for room in flat([group])}
    return {
        (module, name)
        for module, name in edges_of(graph)
        if module not in ENTRANCES
        and room_of(module) != room_of(name)
        and room_of(name) in place
        and not place[room_of(name)] < place.get(room_of(module), len(place))
    }


def reached(graph: Graph) -> Graph:
    """Return what each module imports directly or through others, but not through the package."""
    found: Graph = {}
    for module in graph:
        waiting, seen = list(graph[module]), set()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += graph.get(name, ()) if name else ()
        found[module] = seen
    return found


def circles(graph: Graph) -> set[tuple[str, ...]]:
    """Return the groups of modules that all reach one another."""
    to = reached(without(graph, {("", name) for name in graph.get("", ())}))
    return {
        tuple(sorted({module} | {name for name in to[module] if module in to.get(name, ())}))
        for module in to
        if module in to[module]
    }


def longest_chain(graph: Graph) -> list[str]:
    """Return the longest list of Python modules that each import the next, entrances aside."""
    if turning := circles(graph):
        raise ValueError(f"circles among {sorted(turning)}")
    chains: dict[str, list[str]] = {}

    def chain(module: str) -> list[str]:
        if module not in chains:
            nexts = (chain(name) for name in sorted(graph[module]) if name and name in graph)
            chains[module] = [module, *max(nexts, key=len, default=[])]
        return chains[module]

    return max((chain(module) for module in graph if module not in ENTRANCES), key=len, default=[])


def misspelt(package: Path) -> list[str]:
    """Return imports that are relative, take everything, or name what is not there."""
    files = python_files(package)
    known = files.keys() | compiled(package)
    wrong = []
    for module, path in files.items():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.ImportFrom):
                bad = node.level > 0 or node.names[0].name == "*"
                names = [node.module or ""]
            else:
                bad, names = False, [alias.name for alias in node.names]
            inside = [below(package, name) for name in names]
            if bad or any(name is not None and name not in known for name in inside):
                wrong.append(f"{module or package.name}: {ast.unparse(node)}")
    return wrong


def without_docstring(package: Path) -> set[str]:
    """Return the folders with modules that are no package, or one that says nothing of itself."""
    files = python_files(package)
    folders = {path.parent for path in [*files.values(), *package.rglob("*.pyi")]}
    wrong = set()
    for folder in folders:
        name = ".".join(folder.relative_to(package).parts)
        first = files.get(name)
        if first is None or not ast.get_docstring(tree(first)):
            wrong.add(name)
    return wrong


def private(package: Path) -> set[str]:
    """Return the Python modules whose name begins with an underscore."""
    last = {module: module.rpartition(".")[2] for module in python_files(package)}
    return {module for module, name in last.items() if name.startswith("_")} - ENTRANCES


def sizes(package: Path) -> dict[str, int]:
    """Return how many modules each room has, compiled ones too and ``__init__`` aside."""
    files = python_files(package)
    packages = {module for module, path in files.items() if path.stem == "__init__"}
    modules = (files.keys() | compiled(package)) - packages
    return {
        room: sum(room_of(module) == room for module in modules)
        for room in packages
        if room and room == room_of(room)
    }


def unused(package: Path) -> set[str]:
    """Return the modules that no other module imports."""
    files = python_files(package)
    packages = {module for module, path in files.items() if path.stem == "__init__"}
    used = {name for module, name in edges_of(graph_of(package)) if module != name}
    return (files.keys() | compiled(package)) - packages - used - ENTRANCES
