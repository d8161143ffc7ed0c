"""Work in several processes, where the system can copy this one at once."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO, TypeVar

T = TypeVar("T")
MOST = 8  # processes
TOKENS = 2000  # of two bytes: less than any pipe takes before somebody reads


def count_processes() -> int:
    """How many processes are worth having: one where the system can only start another from nothing."""
    # macOS can copy a process too, but its own libraries do not like it; some Pythons are built for an older Linux
    if not sys.platform.startswith("linux") or not hasattr(os, "memfd_create"):
        return 1
    return min(MOST, len(os.sched_getaffinity(0)))


def share_out(
    work: Callable[[T], bytes], things: list[T], processes: int, follow: Callable[[list[T]], Iterable[T]] = iter
) -> list[bytes]:
    """What the work makes of each thing, in any order. Things are dealt out to this process and copies of it: whoever is
    free takes the next. What a process took that fails or is killed is missing. `follow` shows progress.
    """
    if processes < 2:
        return [work(thing) for thing in follow(things)]
    size = -(-len(things) // TOKENS)
    packs = [things[at : at + size] for at in range(0, len(things), size)]
    dealt, deals = os.pipe()
    os.write(deals, b"".join(at.to_bytes(2, "big") for at in range(len(packs))))
    os.close(deals)

    def take(steps: Iterator[T]) -> Iterator[T]:
        done = 0
        while token := os.read(dealt, 2):
            at = int.from_bytes(token, "big")
            yield from packs[at]
            for _ in islice(steps, (at + 1) * size - done):  # what others took is done too
                done += 1
        for _ in steps:
            pass

    children: list[tuple[int, IO[bytes]]] = []
    try:
        for _ in range(processes - 1):
            results: IO[bytes] = os.fdopen(os.memfd_create("flashdeck"), "w+b")  # a pipe would fill while this process is busy
            child = os.fork()
            if not child:
                _work_and_end(work, take(iter(())), results)
            children.append((child, results))
        made = [work(thing) for thing in take(iter(follow(things)))]
        while children:
            child, results = children[-1]
            status = os.waitpid(child, 0)[1]
            children.pop()
            with results:
                made += [] if status else _read_results(results)
        return made
    finally:
        os.close(dealt)
        for child, _ in children:  # this process was stopped
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _work_and_end(work: Callable[[T], bytes], things: Iterable[T], results: IO[bytes]) -> None:
    """Does a share of the work in this process, which then ends without a word."""
    code = 1
    try:
        for thing in things:
            made = work(thing)
            results.write(len(made).to_bytes(4, "big"))
            results.write(made)
        results.flush()
        code = 0
    finally:
        os._exit(code)


def _read_results(results: IO[bytes]) -> Iterator[bytes]:
    results.seek(0)
    while length := results.read(4):
        yield results.read(int.from_bytes(length, "big"))
