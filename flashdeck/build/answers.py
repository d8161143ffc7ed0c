"""What units ask of the project besides their own files: they hold as long as they would get the same answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flashdeck.model.frame import Frame
from flashdeck.sources.files import OWN_KINDS, Files, digest_bytes


@dataclass(frozen=True)
class Answers:
    """The answers to all questions. Each is found once in a run."""

    frame: Frame
    files: Files
    known: dict[str, str] = field(default_factory=dict)

    def find(self, question: str) -> str:
        if question not in self.known:
            self.known[question] = self._find(question)
        return self.known[question]

    def find_all(self, questions: Iterable[str]) -> dict[str, str]:
        return {question: self.find(question) for question in questions}

    def are_still(self, asked: Mapping[str, str]) -> bool:
        """Whether all questions would get the same answers again."""
        try:
            return all(self.find(question) == answer for question, answer in asked.items())
        except (ValueError, KeyError, RuntimeError):  # not asked by flashdeck: the entry is damaged
            return False

    def _find(self, question: str) -> str:
        frame = self.frame
        word, _, name = question.partition(" ")
        match word:
            case "deck":
                deck, place = frame.find_home(Path(name))
                return f"{place} {self.find(f'deck-in {deck.folder}') if deck else ''}"
            case "deck-in":
                deck = frame.folders[Path(name).resolve()]
                return _digest(deck.id, deck.name, deck.languages, deck.partial, deck.valid, self.files.released.get(deck.folder))
            case "kind":
                return self._find_kind(name)
            case "kinds":
                return _digest(*sorted(frame.kinds_of(frame.decks[name]) if name in frame.decks else frame.kinds))
            case "reference":
                reference = frame.references.get(name)
                return _digest(reference, reference.accessed if reference else "")
            case "references":
                return _digest(*sorted(frame.references))
        return self.files.answer(question)

    def _find_kind(self, name: str) -> str:
        """A kind that comes with flashdeck changes with flashdeck only; one of a deck with any file of its kinds."""
        if name not in self.frame.kinds or "/" not in name:
            return str(name in self.frame.kinds)
        folder = self.frame.kind_folders[name] / OWN_KINDS
        return _digest(*((one, self.files.digest(folder / one)) for one in self.files.list_below(folder)))


def _digest(*values: object) -> str:
    return digest_bytes(repr(values).encode(errors="surrogateescape"))
