"""A handout -> the texts that are searched, each with where it stands."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.handouts.office import LARGEST_TEXT, LONGEST, NO_READER, READERS, TOO_LARGE
from flashdeck.sources.files import LARGEST, NotAFile, TooLarge, read_file
from flashdeck.wording.markup import Passage, read_markdown, read_plain_text

MARKED = (".md", ".markdown", ".html", ".htm", ".xhtml")
PLAIN = (".txt", ".text", ".csv", ".tsv")
FIXABLE = (".md", ".markdown", ".txt", ".text")
FORMATS = (*MARKED, *PLAIN, *READERS)


class Part(NamedTuple):
    """A text that is searched by itself; its lines are counted from its beginning."""

    where: str  # "slide 3"; empty where the lines of the file say it all
    text: str


@dataclass(frozen=True)
class Handout:
    """A file as texts."""

    path: Path
    parts: tuple[Part, ...]
    newline: str = ""  # how its lines end; empty where it cannot be written as it was
    bom: bool = False

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    def to_passage(self, part: Part) -> Passage:
        return read_markdown(part.text) if self.suffix in MARKED else read_plain_text(part.text)


def read_handout(path: Path) -> Handout:
    """The texts of a file. Raises FlashdeckError, which names it."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise FlashdeckError(f"'{path}' is none of {', '.join(FORMATS)}")
    try:
        data = read_file(path, largest=LARGEST)
    except FileNotFoundError as error:
        raise FlashdeckError(f"there is no file '{path}'") from error
    except NotAFile as error:
        raise FlashdeckError(f"'{path}' is not a file") from error
    except TooLarge as error:
        raise FlashdeckError(f"'{path}' is larger than {LARGEST // 1_000_000} MB; split it") from error
    if suffix in READERS:
        return Handout(path, _read_apart(path, data))
    text, bom = _decode(path, data)
    newline = "\r\n" if text.count("\r\n") == text.count("\n") == text.count("\r") > 0 else "\n" if "\r" not in text else ""
    if b"\xef\xbb\xbf" * bom + text.encode() != data:
        newline = ""
    return Handout(path, (Part("", text.replace("\r\n", "\n").replace("\r", "\n")),), newline, bom)


def _decode(path: Path, data: bytes) -> tuple[str, bool]:
    """A text, and whether it can be written as it was read but for a BOM."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text, bom = data.decode("utf-16", "replace"), False
    else:
        try:
            text, bom = data.decode("utf-8").removeprefix("\ufeff"), data.startswith(b"\xef\xbb\xbf")
        except UnicodeDecodeError:
            text, bom = data.decode("cp1252", "replace"), False
    if "\0" in text:
        raise FlashdeckError(f"'{path}' is not a text file")
    return text, bom


def _read_apart(path: Path, data: bytes) -> tuple[Part, ...]:
    """The texts of an office file or PDF, which another process reads."""
    suffix = path.suffix.lower()
    name = suffix[1:].upper()
    # not from the folder of the user: a file there may have the name of a library
    command = [sys.executable, "-P", "-m", "flashdeck.handouts.office", suffix]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=LONGEST)
    except subprocess.TimeoutExpired as error:
        raise FlashdeckError(f"'{path}' cannot be read within {LONGEST} seconds; save it anew, or as text") from error
    if done.returncode == NO_READER:
        raise FlashdeckError(f"'{path}': to read {name} takes more: pip install 'flashdeck[lint]'")
    if done.returncode == TOO_LARGE:
        raise FlashdeckError(
            f"'{path}' has more than {LARGEST_TEXT // 1_000_000} million characters, or unpacks to too much; split it"
        )
    if done.returncode:
        raise FlashdeckError(f"'{path}' cannot be read as {name}; save it anew, or as text")
    return tuple(Part(where, text) for where, text in json.loads(done.stdout))
