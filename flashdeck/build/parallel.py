"""Work in several processes, where the system can copy this one at once.

Not concurrent.futures: its import and start take as long as a check after one edit, and its workers wait forever where this
process is killed. Here a copy takes its share and ends.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO, TypeVar

T = TypeVar("T")
MOST = 8  # processes; more of them only wait for the one that puts their results together
MOST_CHUNKS = 2000  # a token of two bytes each: less than any pipe takes before somebody reads


def count_processes() -> int:
    """How many processes are worth having: one where the system can only start another from nothing."""
    # macOS can copy a process too, but its own libraries do not like it; some Pythons are built for an older Linux
    if not sys.platform.startswith("linux") or not hasattr(os, "memfd_create"):
        return 1
    return min(MOST, len(os.sched_getaffinity(0)))


def map_in_processes(
    work: Callable[[T], bytes], items: list[T], processes: int, follow: Callable[[list[T]], Iterable[T]] = iter
) -> list[bytes]:
    """The results of the work on each item, in any order; `follow` shows progress.

    Items are cut into chunks, and this process and copies of it take the next chunk from a queue whenever they are free. The
    results of a process that fails or is killed are missing.
    """
    if processes < 2:
        return [work(item) for item in follow(items)]
    size = -(-len(items) // MOST_CHUNKS)
    chunks = [items[at : at + size] for at in range(0, len(items), size)]
    queue, tokens = os.pipe()
    os.write(tokens, b"".join(at.to_bytes(2, "big") for at in range(len(chunks))))
    os.close(tokens)

    def take(steps: Iterator[T]) -> Iterator[T]:
        done = 0
        while token := os.read(queue, 2):
            at = int.from_bytes(token, "big")
            yield from chunks[at]
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
                _work_and_exit(work, take(iter(())), results)
            children.append((child, results))
        made = [work(item) for item in take(iter(follow(items)))]
        while children:
            child, results = children[-1]
            status = os.waitpid(child, 0)[1]
            children.pop()
            with results:
                made += [] if status else _read_results(results)
        return made
    finally:
        os.close(queue)
        for child, _ in children:  # this process was stopped
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _work_and_exit(work: Callable[[T], bytes], items: Iterable[T], results: IO[bytes]) -> None:
    """Does a share of the work in this process, which then ends and prints nothing."""
    code = 1
    try:
        for item in items:
            made = work(item)
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
