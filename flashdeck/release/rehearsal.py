"""Tries a release on a throw-away collection of the real Anki: what a learner would get, keep and lose.

Requires the package `anki` (the extra `rehearse`).
"""

import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flashdeck.anki.identity import RETIRED_TAG
from flashdeck.anki.package_reader import Stored, read_package
from flashdeck.diagnostics.render import to_lines

Collection = Any  # anki.collection.Collection, which only this extra installs

# What Anki knows of a card's progress; an import may change none of it.
SCHEDULE = """
    select id, nid, did, ord, type, queue, due, ivl, factor, reps, lapses, left, odue, odid, flags, data from cards order by id
"""
REVIEWS = "select * from revlog order by id"
OWN_TAG, OWN_DECK, OWN_CSS = "my-own-tag", "My own deck", "\n/* my own style */"


@dataclass
class Report:
    """What happened to a learner's collection; the lists hold guids."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)  # unchanged in the new release
    skipped: list[str] = field(default_factory=list)  # corrected, but the learner edited them after the build
    conflicting: list[str] = field(default_factory=list)
    not_removed: list[str] = field(default_factory=list)  # in the old release only
    retired: list[str] = field(default_factory=list)
    edits_lost: list[str] = field(default_factory=list)  # own tags, stars and `My notes`, where a correction overwrote them
    unnecessary_overwrites: list[str] = field(default_factory=list)  # the same, own words and styles, where nothing changed
    progress_lost: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all progress is kept, no note is cut off from updates, and nothing is overwritten that did not change."""
        return not (self.conflicting or self.progress_lost or self.unnecessary_overwrites)

    def to_data(self) -> dict[str, object]:
        """The report as values for JSON."""
        return asdict(self)


def rehearse(old: Path, new: Path, text: Path | None = None) -> Report:
    """Imports `old`, uses it as a learner does, imports (the update `text` and) `new`, and compares."""
    before, after = ({note.guid: note for note in read_package(path)} for path in (old, new))
    changed = [guid for guid, note in after.items() if guid in before and _content(note) != _content(before[guid])]
    changed.sort(key=lambda guid: RETIRED_TAG in after[guid].tags)  # the learner rather edits what is not retired
    unchanged = [guid for guid in before if guid in after and guid not in changed]
    latest, built = (max((note.changed for note in notes.values()), default=0) for notes in (before, after))
    with TemporaryDirectory() as folder:
        col = _open(Path(folder))
        try:
            _import(col, old, Path(folder))
            styled = col.db.scalar("select max(mtime_secs) from notetypes where id in (select mid from notes)") or 0
            learner = _study(col, unchanged, changed, max(latest, built - 1, styled))
            if text:
                _import_text(col, text)
            log = _import(col, new, Path(folder))
            return _report(col, log, learner, before, after, changed)
        finally:
            col.close()


@dataclass(frozen=True)
class Learner:
    """What a learner had before the new release."""

    edited: dict[str, tuple[list[str], list[str]]]  # fields and tags of the notes that the learner edited, by guid
    styles: dict[str, str]  # of the note types, before the learner changed them
    schedule: dict[int, list[Any]]
    reviews: list[Any]


def _content(note: Stored) -> tuple[dict[str, str], tuple[str, ...]]:
    return note.fields, note.tags


def _open(folder: Path) -> Collection:
    from anki import collection, lang

    lang.set_lang("en")
    return collection.Collection(str(folder / "collection.anki2"))


def _import(col: Collection, package: Path, folder: Path) -> Any:
    """Imports as a learner does who just clicks Import."""
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    copy = shutil.copy(package, folder / "package.apkg")  # Anki wants the ending
    return col.import_anki_package(ImportAnkiPackageRequest(package_path=str(copy), options=ImportAnkiPackageOptions())).log


def _import_text(col: Collection, text: Path) -> None:
    from anki.import_export_pb2 import ImportCsvRequest

    col.import_csv(ImportCsvRequest(path=str(text), metadata=col.get_csv_metadata(str(text), None)))


def _study(col: Collection, unchanged: list[str], changed: list[str], time: int) -> Learner:
    """Studies, and edits notes that the release changes and notes that it does not.

    All happens at the Unix time `time`, between the two releases, but for the edit of one changed note, which comes after.
    """
    for ease in (3, 3, 1, 2, 4, 3, 1, 3):
        if card := col.sched.getCard():
            card.start_timer()
            col.sched.answerCard(card, ease)
    late = changed[1:2]
    edited = [*unchanged[:2], *changed[:1], *late]
    for guid in edited:
        note = _note(col, guid)
        note.fields[0] += " (in my own words)"
        note.fields[-1] = "what I keep in mind"
        note.tags += [OWN_TAG, "marked"]
        col.update_note(note)
        col.sched.suspend_cards(note.card_ids()[:1])
        if guid not in late:
            col.db.execute("update notes set mod = ? where guid = ?", time, guid)
    for guid in unchanged[2:3]:
        col.set_deck(_note(col, guid).card_ids(), col.decks.id(OWN_DECK))
    styles = {model["name"]: model["css"] for model in col.models.all()}
    for model in col.models.all():
        col.models.update_dict(model | {"css": model["css"] + OWN_CSS})
    col.db.execute("update notetypes set mtime_secs = ?", time)
    words = {guid: (list(note.fields), sorted(note.tags)) for guid in edited for note in [_note(col, guid)]}
    return Learner(words, styles, {row[0]: row for row in col.db.all(SCHEDULE)}, col.db.all(REVIEWS))


def _note(col: Collection, guid: str) -> Any:
    return col.get_note(col.db.scalar("select id from notes where guid = ?", guid))


def _guids(col: Collection, entries: Iterable[Any]) -> list[str]:
    ids = [entry.id.nid for entry in entries]
    return [col.db.scalar("select guid from notes where id = ?", id) for id in ids]


def _report(
    col: Collection, log: Any, learner: Learner, before: dict[str, Stored], after: dict[str, Stored], changed: list[str]
) -> Report:
    report = Report(new=_guids(col, log.new), conflicting=[entry.fields[0] for entry in log.conflicting])
    for guid, note in after.items():
        if guid not in before:
            continue
        if guid not in changed:
            report.left_alone.append(guid)
        elif list(note.fields.values())[:-1] == _note(col, guid).fields[:-1]:
            report.updated.append(guid)
        else:
            report.skipped.append(guid)
    report.not_removed = [guid for guid in before if guid not in after]
    report.retired = [guid for guid, note in after.items() if RETIRED_TAG in note.tags and guid in before]
    for guid, (fields, tags) in learner.edited.items():
        here = _note(col, guid)
        if guid in report.left_alone:
            if (here.fields, sorted(here.tags)) != (fields, tags):
                report.unnecessary_overwrites.append(guid)
        elif here.fields[-1] != fields[-1] or not {OWN_TAG, "marked"} <= set(here.tags):
            report.edits_lost.append(guid)
    for model in col.models.all():
        if model["css"] == learner.styles.get(
            model["name"]
        ):  # the release did not change it, and the learner's is gone all the same
            report.unnecessary_overwrites.append(f"the style of {model['name']}")
    schedule = {row[0]: row for row in col.db.all(SCHEDULE)}
    report.progress_lost = [f"card {id}" for id, row in learner.schedule.items() if schedule.get(id) != row]
    if col.db.all(REVIEWS) != learner.reviews:
        report.progress_lost.append("the review history")
    return report


def render_report(title: str, report: Report) -> str:
    """A report that an instructor can read."""
    rows = [
        ("new", report.new, "reach every learner"),
        ("updated", report.updated, "are corrected"),
        ("left alone", report.left_alone, "did not change: a learner's own text, tags and marks are kept"),
        ("retired", report.retired, f"have the tag {RETIRED_TAG}"),
        ("not removed", report.not_removed, "are in the old release only: learners keep them"),
        ("skipped because edited later", report.skipped, "wait: the learner edited them after this build"),
        ("edits lost", report.edits_lost, "were corrected, overwriting a learner's tags and My notes"),
        ("unnecessary overwrites", report.unnecessary_overwrites, "did not change, but were overwritten"),
        ("conflicting", report.conflicting, "would get no more updates"),
        ("progress lost", report.progress_lost, "lose what a learner has learned"),
    ]
    lines = [title]
    for at, (name, found, meaning) in enumerate(rows):
        lines.append(f"  {len(found):>5}  {name:<29} {meaning if found else ''}".rstrip())
        if at > 3:
            lines += [f"           {text}" for text in found[:5]]
            if len(found) > 5:
                lines.append(f"           and {len(found) - 5} more")
    if report.skipped or report.edits_lost:
        lines.append("  the update text, imported before the package, corrects such notes and keeps tags and My notes")
    lines.append("  no progress is lost" if report.ok else "  SOMETHING IS LOST: do not publish this release")
    return to_lines(lines)
