"""Release notes for learners: what a release changes of one package, in its language, as Markdown. Pure.

They come from the same facts as `changes`. Where the wording before is not known, they say so.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from flashdeck.anki.note import Note
from flashdeck.anki.package_reader import Stored, to_stored
from flashdeck.release.changes import Change, compare, to_search, to_title
from flashdeck.release.stamp import Delta
from flashdeck.sources.files import Files
from flashdeck.sources.values import as_mapping
from flashdeck.sources.yaml_file import read_source


@cache
def _read_words() -> Mapping[str, Mapping[str, str]]:
    """The words of release notes, each by language."""
    path = Path(__file__).with_suffix(".yaml")
    typed = read_source(path, Files([path.parent]), []).fields
    return {word: {language: str(text) for language, text in as_mapping(texts).items()} for word, texts in typed.items()}


def find_words(language: str) -> dict[str, str]:
    """The words in a language; in English where it has none."""
    main = language.partition("-")[0]
    return {word: texts.get(main, texts["en"]) for word, texts in _read_words().items()}


def render_notes(
    title: str, day: str, language: str, notes: Sequence[Note], deltas: Iterable[Delta], before: Mapping[str, Stored] | None
) -> str:
    """What a release changes of the notes of one package. `before` are the notes as they were, by guid; None if not known."""
    words = find_words(language)
    here = {note.guid for note in notes}
    groups: dict[str, list[Change]] = {}
    moved: dict[tuple[str, str], list[Note]] = {}
    for delta in deltas:
        for group, some in (
            ("new", delta.new),
            ("changed", delta.changed),
            ("retired", delta.retired),
            ("restored", delta.restored),
        ):
            for note in some:
                if note.guid in here and note.type.language == language:
                    change = _to_change(group, note, before)
                    groups.setdefault(change.group, []).append(change)
        for note, old in delta.moved:
            if note.guid in here and note.type.language == language:
                moved.setdefault((old, note.deck), []).append(note)
    lines = [f"# {title} ({day})" if title else f"# {day}", ""]
    if groups.keys() == {"new"} and len(groups["new"]) == len(here):
        return "\n".join([*lines, f"{words['first']} ({len(here)})", ""])
    if not groups and not moved:
        return "\n".join([*lines, words["unchanged"], ""])
    if before is None and groups.keys() - {"new"}:
        lines += [words["unknown"], ""]
    for group in ("facts", "wording", "changed", "new", "retired", "restored"):
        if found := groups.get(group):
            lines += [f"## {words[group]}", ""]
            for change in found:
                lines.append(f"- **{change.title}**")
                for _, was, now in change.fields:  # without the names of fields, which are English in all languages
                    was, now = (text or words["nothing"] for text in (was, now))
                    lines.append(f"  - {now if group == 'retired' else f'{was} → {now}'}")
            lines += ["", f"{words['search']} `{to_search(found)}`", ""]
    if moved:
        lines += [f"## {words['moved']}", ""]
        for (old, new), some in moved.items():
            lines += [f"- **{to_title(to_stored(note))}**" for note in some]
            search = to_search(Change("moved", note.guid, note.id, "") for note in some)
            lines += ["", words["moving"].format(old=old, new=new), "", f"{words['search']} `{search}`", ""]
    return "\n".join(lines)


def _to_change(group: str, note: Note, before: Mapping[str, Stored] | None) -> Change:
    """The change of a note, with its old wording where that is known."""
    now = to_stored(note)
    was = before.get(note.guid) if before else None
    found = compare(was, now) if was and group != "restored" else None
    if found and group != "new":
        return found
    return Change(group, note.guid, note.id, to_title(now))
