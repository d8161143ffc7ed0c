"""Tries a release on a throw-away collection of the real Anki: what a learner would get, keep and lose.

Requires the package `anki` (the extra `rehearse`).
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flashdeck.anki.identity import RETIRED_TAG
from flashdeck.anki.package_reader import BEFORE_CROWDANKI, Archive, Stored, read_archive, read_ledgers, read_package
from flashdeck.diagnostics.render import to_lines
from flashdeck.model.kinds import COMMON_FIELDS
from flashdeck.release.changes import find_displaced
from flashdeck.release.ledger import parse_ledgers
from flashdeck.release.packages import name_release

Collection = Any  # anki.collection.Collection, which only this extra installs

# What Anki knows of a card's progress; an import may change none of it.
SCHEDULE = """
    select id, nid, did, ord, type, queue, due, ivl, factor, reps, lapses, left, odue, odid, flags, data from cards order by id
"""
REVIEWS = "select * from revlog order by id"
OWN_TAG, OWN_DECK, OWN_CSS, OWN_FIELD = "my-own-tag", "My own deck", "\n/* my own style */", "My own field"
OWN_NOTES = COMMON_FIELDS[-1]


@dataclass
class Report:
    """What happened to a learner's collection; the lists hold guids."""

    text: str = ""  # the name of the update text that the learner imported before the package
    has_text: bool = False  # whether there is one
    has_own_field: bool = False  # whether the learner added a field to each note type
    merges: bool = False  # whether the learner came by CrowdAnki, and has Anki merge note types
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)  # unchanged in the new release
    waiting: list[str] = field(default_factory=list)  # not the same in the new release, which does not send it
    skipped: list[str] = field(default_factory=list)  # corrected, but the learner edited them after the build
    conflicting: list[str] = field(default_factory=list)
    not_removed: list[str] = field(default_factory=list)  # in the old release only
    not_moved: list[str] = field(default_factory=list)  # in another deck in the new release
    not_reordered: list[str] = field(default_factory=list)  # in another place among the new cards in the new release
    retired: list[str] = field(default_factory=list)
    not_retired: list[str] = field(default_factory=list)  # retired, but the learner edited them after the build
    edits_lost: list[str] = field(default_factory=list)  # own tags, stars, `My notes` and fields, where a correction came
    unnecessary_overwrites: list[str] = field(default_factory=list)  # the same, own words and styles, where nothing changed
    progress_lost: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """The names of lists that hold what was promised not to happen.

        Where a correction comes, only the update text keeps what a learner added, and reaches whoever edited the note since; and
        it is all that reaches a learner who added a field.
        """
        promised = ["progress_lost", "unnecessary_overwrites"]
        promised += [] if self.has_own_field else ["conflicting"]
        promised += ["skipped"] if self.text else []
        promised += ["edits_lost"] if self.text or not self.has_text else []
        return [name for name in promised if getattr(self, name)]

    def to_data(self) -> dict[str, object]:
        """The report as values for JSON."""
        return asdict(self) | {"failures": self.failures}


def rehearse_all(old: Path, new: Path) -> list[Report]:
    """Has several learners of `old` import `new`: with and without the update text beside it, and with a field of their own."""
    text = find_text(old, new)
    reports = [rehearse(old, new)]
    if text:
        reports = [replace(reports[0], has_text=True), rehearse(old, new, text)]
    if is_crowdanki(old):
        return reports
    return [*reports, rehearse(old, new, text, has_own_field=True)]


def rehearse(old: Path, new: Path, text: Path | None = None, has_own_field: bool = False) -> Report:
    """Imports `old`, uses it as a learner does, imports (the update `text` and) `new`, and compares.

    Whoever got `old` by CrowdAnki has note types with ids of their own, so Anki takes corrections only where it merges them.
    """
    by_crowdanki = is_crowdanki(old)
    before, after = ({note.guid: note for note in read_package(path)} for path in (old, new))
    others = [guid for guid, note in after.items() if guid in before and _content(note) != _content(before[guid])]
    changed = [guid for guid in others if after[guid].changed > before[guid].changed]
    unchanged = [guid for guid in before if guid in after and guid not in changed]
    latest, built = (max((note.changed for note in notes.values()), default=0) for notes in (before, after))
    moved = [guid for guid, note in after.items() if guid in before and note.deck and before[guid].deck != note.deck]
    with TemporaryDirectory() as folder:
        col = _open(Path(folder))
        try:
            if by_crowdanki:
                _import_crowdanki(col, read_archive(old))
            else:
                _import(col, old, Path(folder))
            styled = col.db.scalar("select max(mtime_secs) from notetypes where id in (select mid from notes)") or 0
            if has_own_field:
                _add_fields(col)
            learner = _study(col, unchanged, *_choose(before, after, changed), max(latest, built - 1, styled))
            if text:
                _import_text(col, text)
            log = _import(col, new, Path(folder), merge=by_crowdanki)
            report = Report(text.name if text else "", bool(text), has_own_field, by_crowdanki)
            report.waiting = [guid for guid in others if guid not in changed]
            report.not_moved = moved
            report.not_reordered = find_displaced([*before], [guid for guid in after if RETIRED_TAG not in after[guid].tags])
            return _complete(report, col, log, learner, before, after, changed)
        finally:
            col.close()


def _choose(before: Mapping[str, Stored], after: Mapping[str, Stored], changed: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which of the notes that the release changes its learner edits before it is built, and which afterwards."""
    tagged = {guid: [RETIRED_TAG in notes[guid].tags for notes in (before, after)] for guid in changed}
    corrected = [guid for guid, tags in tagged.items() if tags == [False, False]]
    retired = [guid for guid, tags in tagged.items() if tags == [False, True]]
    return corrected[:1], [*corrected[1:2], *retired[-1:]]


def _add_fields(col: Collection) -> None:
    """Adds a field to each note type, as a learner may: Anki then takes no correction of its notes from any package."""
    for model in col.models.all():
        if col.db.scalar("select 1 from notes where mid = ?", model["id"]):
            col.models.add_field(model, col.models.new_field(OWN_FIELD))
            col.models.update_dict(model)


def find_text(old: Path, new: Path) -> Path | None:
    """The text beside a package that leads to it from the release of an older one; None where there is none."""
    if is_crowdanki(old):  # it came before all releases
        return next(iter(sorted(new.parent.glob(f"{new.stem}-from-*.txt"))), None)
    times = {time for ledger in parse_ledgers(read_ledgers(old)) for time in ledger.heads}
    names = [name_release(time, by_second) for by_second in (True, False) for time in sorted(times, reverse=True)]
    paths = [new.with_name(f"{new.stem}-from-{name}.txt") for name in names]
    return next((path for path in paths if path.exists()), None)


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


def is_crowdanki(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() == ".json"


def _import_crowdanki(col: Collection, archive: Archive) -> None:
    """What CrowdAnki makes of its folder: note types with ids by the clock, notes with their guids."""
    from anki.collection import AddNoteRequest

    models = {}
    for type in archive.types.values():
        fields = [col.models.new_field(name) for name, _ in type.fields]
        sides = [col.models.new_template(name) | {"qfmt": front, "afmt": back} for name, front, back, _ in type.templates]
        for place, (*_, id) in zip([*fields, *sides], [*type.fields, *type.templates], strict=True):
            place["id"] = id or None
        model = col.models.new(type.name) | {"type": int(type.cloze), "css": type.css, "flds": fields, "tmpls": sides}
        models[type.id] = col.models.get(col.models.add_dict(model).id)
    requests = []
    for one in archive.notes:
        note = col.new_note(models[one.type])
        note.fields, note.tags, note.guid = list(one.fields), list(one.tags), one.guid
        requests.append(AddNoteRequest(note, col.decks.id(one.deck)))
    col.add_notes(requests)
    col.db.execute("update notes set mod = ?", BEFORE_CROWDANKI)
    col.db.execute("update notetypes set mtime_secs = ?", BEFORE_CROWDANKI)


def _import(col: Collection, package: Path, folder: Path, merge: bool = False) -> Any:
    """Imports as a learner does who just clicks Import, or who has Anki `merge` note types."""
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    copy = shutil.copy(package, folder / "package.apkg")  # Anki wants the ending
    options = ImportAnkiPackageOptions(merge_notetypes=merge)
    return col.import_anki_package(ImportAnkiPackageRequest(package_path=str(copy), options=options)).log


def _import_text(col: Collection, text: Path) -> None:
    from anki.import_export_pb2 import ImportCsvRequest

    col.import_csv(ImportCsvRequest(path=str(text), metadata=col.get_csv_metadata(str(text), None)))


def _study(col: Collection, unchanged: list[str], changed: list[str], late: list[str], time: int) -> Learner:
    """Studies, moves a card, and edits notes that the release changes and notes that it does not.

    All happens at the Unix time `time`, between the two releases, but for the edits of `late` ones, which come after.
    """
    for ease in (3, 3, 1, 2, 4, 3, 1, 3):
        if card := col.sched.getCard():
            card.start_timer()
            col.sched.answerCard(card, ease)
    edited = [*unchanged[:2], *changed, *late]
    for guid in edited:
        note = _note(col, guid)
        note.fields[0] += " (in my own words)"
        for name in _own_fields(note):
            note[name] = "what I keep in mind"
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


def _own_fields(note: Any) -> list[str]:
    """The fields of a note that belong to its learner."""
    return [name for name in (OWN_NOTES, OWN_FIELD) if name in note]


def _complete(
    report: Report,
    col: Collection,
    log: Any,
    learner: Learner,
    before: Mapping[str, Stored],
    after: Mapping[str, Stored],
    changed: list[str],
) -> Report:
    """The report with what an import did to a learner's collection."""
    report.new = _guids(col, log.new)
    report.conflicting = [entry.fields[0] for entry in log.conflicting]
    for guid, note in after.items():
        if guid not in before:
            continue
        here = dict(_note(col, guid).items())
        if guid not in changed:
            report.left_alone.append(guid)
        elif all(here.get(name) == text for name, text in note.fields.items() if name != OWN_NOTES):
            report.updated.append(guid)
        elif RETIRED_TAG in note.tags:
            report.not_retired.append(guid)
        else:
            report.skipped.append(guid)
    report.not_removed = [guid for guid in before if guid not in after]
    report.retired = [guid for guid, note in after.items() if RETIRED_TAG in note.tags and guid in report.updated]
    for guid, (fields, tags) in learner.edited.items():
        here = _note(col, guid)
        if guid in report.left_alone:
            if (here.fields, sorted(here.tags)) != (fields, tags):
                report.unnecessary_overwrites.append(guid)
        elif any(not here[name] for name in _own_fields(here)) or not {OWN_TAG, "marked"} <= set(here.tags):
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
    learner = "a learner who added a field to the note types" if report.has_own_field else "a learner"
    does = f"imports {report.text}, then the package" if report.text else "imports the package"
    if report.merges:
        learner, does = "a learner who came by CrowdAnki", f"{does} with 'Merge note types'"
    rows = [
        ("new", report.new, "reach every learner"),
        ("updated", report.updated, "are corrected"),
        ("left alone", report.left_alone, "did not change: a learner's own text, tags and marks are kept"),
        ("waiting", report.waiting, "have other tags or another form, which arrive with their next correction"),
        ("retired", report.retired, f"have the tag {RETIRED_TAG}"),
        ("not removed", report.not_removed, "are in the old release only: learners keep them"),
        ("not moved", report.not_moved, "stay in the deck in which learners have them; Anki's browser can move them"),
        ("not reordered", report.not_reordered, "keep the order of new cards that learners have"),
        ("not retired", report.not_retired, "were edited after this build: their learners are not told that they are retired"),
        ("skipped because edited later", report.skipped, "wait: the learner edited them after this build"),
        ("edits lost", report.edits_lost, "were corrected, overwriting a learner's tags and My notes"),
        ("unnecessary overwrites", report.unnecessary_overwrites, "did not change, but were overwritten"),
        ("conflicting", report.conflicting, "get no update from a package"),
        ("progress lost", report.progress_lost, "lose what a learner has learned"),
    ]
    lines = [f"{title}: {learner} {does}"]
    for at, (name, found, meaning) in enumerate(rows):
        lines.append(f"  {len(found):>5}  {name:<29} {meaning if found else ''}".rstrip())
        if at > 3:
            lines += [f"           {text}" for text in found[:5]]
            if len(found) > 5:
                lines.append(f"           and {len(found) - 5} more")
    if report.has_text and not report.text and (report.skipped or report.edits_lost):
        lines.append("  the update text, imported before the package, corrects such notes and keeps tags and My notes")
    if report.conflicting and report.has_own_field:
        lines.append("  whoever added a field to a note type gets corrections by the update text only")
    failures = ", ".join(name.replace("_", " ") for name in report.failures)
    lines.append(f"  SOMETHING IS LOST ({failures}): do not publish this release" if failures else "  nothing is lost")
    return to_lines(lines)


def render_verdict(reports: Sequence[Report]) -> str:
    """What came of a rehearsal, in a line."""
    first = reports[0]
    counts = {"new": first.new, "updated": first.updated, "left alone": first.left_alone, "conflicting": first.conflicting}
    found = ", ".join(f"{len(some)} {name}" for name, some in counts.items() if some or name in ("updated", "conflicting"))
    failures = ", ".join(dict.fromkeys(name.replace("_", " ") for report in reports for name in report.failures))
    return f"in the real Anki, over the original: {found}; {f'SOMETHING IS LOST ({failures})' if failures else 'nothing is lost'}"
