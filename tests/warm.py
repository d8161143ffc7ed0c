"""`python -m flashdeck` without its start, which takes longer than most of what tests ask of it.

A process that has imported flashdeck, its kinds and the words of its commands, forks for each command: what runs is a process of
its own, with its own folder, environment and streams. What depends on how Python starts (`PYTHONHASHSEED`, a locale, colours)
needs a real start.
"""

import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

LONGEST = 120  # seconds


class Warm:
    """The process that forks. Starts with `environment`, of which a command changes nothing that matters to Python."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def run(self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], streams: Path) -> tuple[int, str, str]:
        """The exit code and what was printed, by way of files in the folder `streams`."""
        assert self.process.stdin and self.process.stdout
        out, err = streams / "out", streams / "err"
        print(json.dumps([words, str(cwd), environment, str(out), str(err)]), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")

    def stop(self) -> None:
        self.process.communicate()


def _serve() -> None:
    import typer

    import flashdeck

    for module in pkgutil.walk_packages(flashdeck.__path__, "flashdeck."):
        if module.name != "flashdeck.__main__":
            import_module(module.name)
    flashdeck.model.kind_reader.read_kinds()
    typer.main.get_command = cache(typer.main.get_command)  # otherwise made anew by each command, and always the same
    typer.main.get_command(flashdeck.commands.app)
    for language in ("en", "fr"):  # those of our decks; every command with an empty cache would open them
        import_module("flashdeck.wording.forms").open_dictionary(language)
    for line in sys.stdin:
        print(wait(start(*json.loads(line))), flush=True)


def start(
    words: Sequence[str], cwd: str, environment: Mapping[str, str], out: str, err: str, prepare: Callable[[], None] = lambda: None
) -> int:
    """The number of a copy of this process that runs the command, after `prepare`, and prints into two files."""
    if not (child := os.fork()):
        _become(words, cwd, environment, out, err, prepare)
    return child


def wait(process: int) -> int:
    """Its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _become(
    words: Sequence[str], cwd: str, environment: Mapping[str, str], out: str, err: str, prepare: Callable[[], None]
) -> NoReturn:
    code: object = 1
    try:
        for number, path in enumerate((os.devnull, out, err)):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, number)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate("rww"))
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["flashdeck", *words]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.alarm(LONGEST)
        prepare()
        runpy.run_module("flashdeck", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    _serve()
