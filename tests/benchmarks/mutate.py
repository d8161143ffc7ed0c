"""Our own mutation tester: which faults in a module would no test notice? Run by hand.

    python tests/benchmarks/mutate.py flashdeck/build/link.py [MORE ...] [--tests tests/test_x.py ...] [--most 40] [--seed 0]

Each mutant is one small fault (see `find_mutants`), put into a copy of the tree under a temporary folder, never into the working
tree. The sample depends on the source and the seed alone. A mutant that survives is a hole in the tests, or changes nothing:
that takes a reader to decide. Name the tests that know the module first: the first failure ends a run.
"""

import argparse
import ast
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent.parent
MEMORY = 6 << 30  # bytes: a mutant that never stops must not take the machine with it
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SUMS = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd)


@dataclass(frozen=True)
class Mutant:
    """A module with one fault, and the lines that show it."""

    path: str
    line: int
    fault: str
    before: str
    after: str
    source: bytes


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: who killed it, or nothing."""

    mutant: Mutant
    killer: str


def find_mutants(path: str, source: bytes) -> list[Mutant]:
    """All faults that a module can have, in the order of its lines, each once.

    Comparisons the other way or off by one, `and` for `or`, an operand dropped, a condition negated, constants and texts changed,
    a statement deleted, `continue` for `break`. Docstrings, annotations and assertions are left alone.
    """
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[bytes, Mutant] = {}
    for anchor, fault, text in _find_faults(tree):
        assert anchor.end_lineno is not None and anchor.end_col_offset is not None
        start, end = starts[anchor.lineno - 1] + anchor.col_offset, starts[anchor.end_lineno - 1] + anchor.end_col_offset
        mutated = source[:start] + text.encode() + source[end:]
        first, last = starts[anchor.lineno - 1], starts[anchor.end_lineno]
        before, after = source[first:last], mutated[first : last + len(mutated) - len(source)]
        try:
            compile(mutated, path, "exec")
        except SyntaxError:
            continue  # such as `break` in what is no loop
        if mutated != source:
            found.setdefault(mutated, Mutant(path, anchor.lineno, fault, _to_line(before), _to_line(after), mutated))
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _to_line(text: bytes) -> str:
    return " ".join(text.decode().split())


Slot = tuple[ast.AST, str, int | None]  # where a node stands: its parent, the field, and the place in a list


def _find_faults(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """Each fault as the node to replace in the source, what is wrong, and the text that replaces it."""
    stored = _count_assignments(tree)
    for slot, node, around in _walk(tree, None):
        if isinstance(node, ast.stmt):
            for fault, text in _break_statement(node, stored.get(node, Counter())):
                yield node, fault, text
            continue
        anchor = around or node
        original = _put(slot, node)
        for fault, broken in _break_expression(node, _is_condition(slot)):
            _put(slot, broken)
            text = ast.unparse(ast.fix_missing_locations(broken if anchor is node else anchor))
            _put(slot, original)
            yield anchor, fault, f"({text})"


def _count_assignments(tree: ast.Module) -> dict[ast.AST, Counter[str]]:
    """For each statement, how often the function around it (or the module) assigns which names."""
    counts: dict[ast.AST, Counter[str]] = {}
    for scope in ast.walk(tree):  # from outside to inside
        if isinstance(scope, ast.Module | ast.FunctionDef):
            nodes = list(ast.walk(scope))
            names = Counter(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
            counts |= dict.fromkeys(nodes, names)
    return counts


def _walk(parent: ast.AST, around: ast.expr | None) -> Iterator[tuple[Slot, ast.expr | ast.stmt, ast.expr | None]]:
    """Each statement and expression that may be broken, with its slot and the f-string around it, which has to be replaced as a
    whole: before Python 3.12 the nodes inside have no places of their own."""
    if isinstance(parent, ast.Assert):
        return
    for field, value in ast.iter_fields(parent):
        if field in ("annotation", "returns", "decorator_list") or _never_matters(parent, field):
            continue
        for at, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring
            if isinstance(node, ast.expr | ast.stmt):
                yield (parent, field, at), node, around
            if isinstance(node, ast.AST):
                yield from _walk(node, around or (node if isinstance(node, ast.JoinedStr) else None))


def _never_matters(parent: ast.AST, field: str) -> bool:
    """Whether no test could notice: zip's `strict=True` is what must never be needed. (And formats are no expressions.)"""
    strict = isinstance(parent, ast.keyword) and parent.arg == "strict"
    return strict or (isinstance(parent, ast.FormattedValue) and field in ("conversion", "format_spec"))


def _is_condition(slot: Slot) -> bool:
    parent, field, _ = slot
    return field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension))


def _put(slot: Slot, node: ast.expr) -> ast.expr:
    """Puts a node into a slot."""
    parent, field, at = slot
    if at is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[at] = node
    return node


def _break_statement(node: ast.stmt, stored: Counter[str]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Continue | ast.Break):
        yield "continue or break", "break" if isinstance(node, ast.Continue) else "continue"
    deletable = isinstance(node, ast.Expr | ast.AugAssign | ast.Return | ast.Raise | ast.Delete | ast.Continue | ast.Break)
    if isinstance(node, ast.Assign):  # without a name's only assignment nothing runs, which shows nothing
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        deletable = all(stored[name] > 1 for name in names) and not any(isinstance(target, ast.Tuple) for target in node.targets)
    if deletable:
        yield "statement deleted", "pass"


def _break_expression(node: ast.expr, condition: bool) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Compare(left, ops, others):
            for at, operator in enumerate(ops):
                for other in COMPARISONS[type(operator)]:
                    yield "comparison", ast.Compare(left, [*ops[:at], other(), *ops[at + 1 :]], others)
        case ast.BoolOp(operator, values):
            yield "and or or", ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield "operand dropped", ast.BoolOp(operator, rest) if len(rest) > 1 else rest[0]
        case ast.BinOp(left, operator, right) if isinstance(operator, SUMS):
            yield "operand dropped", left
            yield "operand dropped", right
        case ast.UnaryOp(ast.Not(), value):
            yield "condition negated", value
        case ast.Constant(bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int() | float() as number):
            yield "constant", ast.Constant(number + 1)
        case ast.Constant(str() as words):
            yield "text", ast.Constant(words + "x")
    if condition and not isinstance(node, ast.UnaryOp):
        yield "condition negated", ast.UnaryOp(ast.Not(), node)


class Copy:
    """A copy of the tree, in which one mutant at a time is tested."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.cache, self.temporary = folder / "tree", folder / "cache", folder / "tmp"
        words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout
        for name in filter(None, listed.split("\0")):
            if os.path.lexists(ROOT / name):  # not one that is deleted, but not yet for git
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.tree / name, follow_symlinks=False)

    def test(self, mutant: Mutant, tests: list[str], seconds: float) -> Verdict:
        path = self.tree / mutant.path
        original = path.read_bytes()
        path.write_bytes(mutant.source)
        try:
            return Verdict(mutant, self.run(tests, seconds, path))
        finally:
            path.write_bytes(original)

    def run(self, tests: list[str], seconds: float, changed: Path | None = None) -> str:
        """The first test that fails, or nothing. Whatever an earlier run left behind goes first."""
        if changed:  # Python knows its old code by seconds and size, which a mutant may have the same
            for compiled in (changed.parent / "__pycache__").glob(f"{changed.stem}.*"):
                compiled.unlink()
        for left in (self.cache, self.temporary, self.tree / ".hypothesis"):
            shutil.rmtree(left, ignore_errors=True)
        self.temporary.mkdir()
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n0", "--hypothesis-seed=0", *tests]
        # PYTHONPATH, so that the processes that a test starts run the mutant too, and no installed flashdeck
        places = {"PYTHONPATH": self.tree, "FLASHDECK_CACHE": self.cache, "TMPDIR": self.temporary}
        environment = os.environ | {name: str(path) for name, path in places.items()}
        process = subprocess.Popen(
            words,
            cwd=self.tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"the clock, after {seconds:.0f} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with all that its tests started
                process.communicate()
        if process.returncode in (3, 4, 5):
            raise SystemExit(f"pytest could not run: exit {process.returncode}\n{output[-2000:]}")
        if process.returncode == 0:
            return ""
        named = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        return named[1] if named else f"exit {process.returncode}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tests", nargs="+", default=["tests"], help="what pytest is to run, the quickest killers first")
    parser.add_argument("--most", type=int, default=40, help="so many mutants a file, drawn at random (default: 40)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--timeout", type=float, help="seconds a mutant (default: five times what the tests take without a fault)"
    )
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2)
    options = parser.parse_args()

    names = [path.resolve().relative_to(ROOT).as_posix() for path in options.files]
    possible = {name: find_mutants(name, (ROOT / name).read_bytes()) for name in names}
    sample = []
    for name, mutants in possible.items():
        drawn = random.Random(f"{options.seed} {name}").sample(mutants, min(options.most, len(mutants)))
        sample += sorted(drawn, key=lambda mutant: mutant.line)
    with TemporaryDirectory(prefix="mutants-") as place:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for at in range(options.jobs):
            copies.put(Copy(Path(place) / str(at)))
        seconds = options.timeout or time_tests(copies, options.tests)

        def test(mutant: Mutant) -> Verdict:
            copy = copies.get()
            try:
                return copy.test(mutant, options.tests, seconds)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(options.jobs) as pool:
            verdicts = []
            for verdict in pool.map(test, sample):
                verdicts.append(verdict)
                print(render(verdict), flush=True)
    print()
    for name in names:
        mine = [verdict for verdict in verdicts if verdict.mutant.path == name]
        killed = sum(bool(verdict.killer) for verdict in mine)
        share = f"{100 * killed / len(mine):.0f} %" if mine else "-"
        print(f"{name}: {killed} of {len(mine)} killed ({share}), drawn of {len(possible[name])}")


def time_tests(copies: "SimpleQueue[Copy]", tests: list[str]) -> float:
    """The time that a mutant gets. The tests must pass without a fault, or they would kill everything."""
    copy = copies.get()
    started = time.perf_counter()
    failed = copy.run(tests, 3600)
    copies.put(copy)
    if failed:
        raise SystemExit(f"without any mutant this fails: {failed}")
    taken = time.perf_counter() - started
    print(f"the tests take {taken:.0f} s", file=sys.stderr)
    return 10 + 5 * taken


def render(verdict: Verdict) -> str:
    mutant = verdict.mutant
    word = "killed  " if verdict.killer else "SURVIVED"
    by = f" by {verdict.killer}" if verdict.killer else ""
    return f"{word} {mutant.path}:{mutant.line} {mutant.fault}{by}\n    - {mutant.before}\n    + {mutant.after}"


if __name__ == "__main__":
    main()
