"""What a command printed last time, and everything it depends on: where nothing of that changed, it is printed again.

It is kept by the digests of what was read, taken before the work: what is saved while a command runs is not taken for read.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flashdeck.build.cache import Cache
from flashdeck.build.unused_media import find_unused_media
from flashdeck.diagnostics.problem import Problem, in_order, problem_to_row, row_to_problem
from flashdeck.sources.files import Files, find_sources, find_tops


class Answer(NamedTuple):
    """The problems of a project, sorted by place, and what else was printed."""

    problems: tuple[Problem, ...]
    text: str


def load_answer(cache: Cache, words: Sequence[str], paths: Iterable[Path]) -> Answer | None:
    """What a command with these words printed, if everything that it read, and everything that it wrote, is as it was."""
    try:
        kept = json.loads(cache.load("answer", *words))
        tops = {Path(path).parent for path in kept["outputs"]}.union(find_tops(paths))
        files, stray = cache.open_files(tops, {}), list[Problem]()
        if kept["sources"] != [str(path) for path in find_sources(paths, files, stray)]:
            return None
        if kept["stray"] != [*map(problem_to_row, stray)]:
            return None
        if any(files.answer(question) != answer for question, answer in kept["asked"].items()):
            return None
        if any(files.digest(Path(path)) != digest for path, digest in kept["outputs"].items()):
            return None
        problems = [*map(row_to_problem, kept["problems"])]
        problems += find_unused_media(kept["media"], files)
        cache.keep_digests(files)
        return Answer(in_order(problems), str(kept["text"]))
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        return None  # there is no entry, or a damaged one


def store_answer(
    cache: Cache,
    words: Sequence[str],
    answer: Answer,
    sources: Iterable[str],
    stray: Iterable[Problem],
    asked: Mapping[str, str],
    named_media: Mapping[str, Sequence[str]],
    outputs: Iterable[Path],
) -> None:
    """Keeps an answer with the sources of which it is, what is wrong with files beside them, all that was asked of files, and the
    files that were written.
    """
    outputs = [*outputs]
    files = Files({path.parent for path in outputs})
    written = {str(path): files.digest(path) for path in outputs}
    kept = {
        "sources": [*sources],
        "stray": [*map(problem_to_row, stray)],
        # what was read and then written, as ledgers are, is from now on as it was written
        "asked": {question: answer for question, answer in asked.items() if question.removeprefix("file ") not in written},
        "problems": [problem_to_row(problem) for problem in answer.problems if problem.code != "unused-media"],
        "media": {**named_media},
        "outputs": written,
        "text": answer.text,
    }
    cache.store(json.dumps(kept).encode(), "answer", *words)
