"""What a course is: its cards by kind, how long it takes, what it lacks, and how much of it is in other courses. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from flashdeck.anki.identity import to_course_tag
from flashdeck.anki.note import Note
from flashdeck.authoring.due import Due
from flashdeck.build.link import Facts, to_left_out, to_notes
from flashdeck.diagnostics.render import render_table
from flashdeck.model.keys import SENSITIVE

# Seconds until a card that is new to its learner stays: two to six answers of some eight to fifteen seconds, over some days.
QUICK, SLOW = 16, 90


@dataclass(frozen=True)
class CourseReport:
    """One course in one language."""

    course: str
    language: str
    notes: int
    cards: Mapping[str, int]  # how many cards Anki makes, by kind
    minutes: tuple[int, int]  # to learn all of it, for the quick and the slow
    untranslated: int  # cards of it that are left out of the language
    sensitive: int
    stale: int  # of which a figure or source is due
    shared: Mapping[str, int]  # how many of its notes other courses have too, by course


def report_courses(facts: Facts, languages: Iterable[str], due: Iterable[Due]) -> list[CourseReport]:
    """All courses in each language in which they have notes or lack translations."""
    stale = {one.what for one in due}
    found = []
    for language in languages:
        notes = [note for note in to_notes(facts, language) if not note.retired]
        left_out = to_left_out(facts, language)
        members = {course: [note for note in notes if to_course_tag(course) in note.tags] for course in facts.frame.courses}
        for course, some in members.items():
            missing = sum(to_course_tag(course) in card.tags for card in left_out)
            if some or missing:
                found.append(_report(course, language, some, missing, stale, members))
    return found


def _report(
    course: str, language: str, notes: list[Note], missing: int, stale: set[str], members: Mapping[str, list[Note]]
) -> CourseReport:
    cards = Counter[str]()
    for note in notes:
        cards[note.kind] += len(note.cards)
    guids = {note.guid for note in notes}
    shared = {other: len(guids & {note.guid for note in some}) for other, some in members.items() if other != course}
    total = cards.total()
    return CourseReport(
        course,
        language,
        len(notes),
        dict(sorted(cards.items())),
        (round(total * QUICK / 60), round(total * SLOW / 60)),
        missing,
        sum(SENSITIVE in note.tags for note in notes),
        sum(note.full_id in stale for note in notes),
        {other: number for other, number in shared.items() if number},
    )


def render_courses(reports: Iterable[CourseReport]) -> str:
    """A table, and below it how courses overlap."""
    reports = list(reports)
    if not reports:
        return "there are no courses"
    heads = ["course", "language", "notes", "cards", "minutes", "untranslated", "sensitive", "stale"]
    rows = [
        [
            one.course,
            one.language,
            str(one.notes),
            str(sum(one.cards.values())),
            "-".join(map(str, one.minutes)),
            str(one.untranslated or ""),
            str(one.sensitive or ""),
            str(one.stale or ""),
        ]
        for one in reports
    ]
    lines = [render_table([heads, *rows], numbers=True)]
    for one in reports:
        kinds = ", ".join(f"{number} {kind}" for kind, number in one.cards.items())
        others = ", ".join(f"{number} also in {other}" for other, number in one.shared.items())
        lines.append(f"{one.course} ({one.language}): {kinds or 'no cards'}" + (f"; {others}" if others else ""))
    return "\n".join(lines)


def courses_to_data(reports: Iterable[CourseReport]) -> list[dict[str, object]]:
    """Values for JSON."""
    return [asdict(one) for one in reports]
