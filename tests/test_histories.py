"""Histories of releases with mixed kinds, played in the real Anki, the newest and old ones: nobody loses anything.

`HISTORIES=200 pytest -n0 -m "slow or not slow" tests/test_histories.py` plays more of them.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import learner as this_anki
import pytest
from conftest import ENVIRONMENT, find_old_anki
from histories import Card, History, Learner, State, histories
from hypothesis import Phase, given, settings

from flashdeck.release.ledger import NAME, Ledger, parse_ledgers

EXAMPLES = int(os.environ.get("HISTORIES", "3"))
DAY, HOUR = 86_400, 3600
BEGIN = int(time.time()) // DAY * DAY - 8 * DAY
OWN = "My notes"
EASES = [3, 1, 4, 2, 3]


def at(release: int) -> int:
    return BEGIN + release * DAY


@dataclass(frozen=True)
class Version:
    """An Anki, and what is known of it (see the README)."""

    name: str = ""  # of this environment's, if there is none
    reads_text: bool = True  # keeps what a text does not have
    dates_by_import: bool = False  # gives a corrected note the time of its import

    def play(self, plans: list[list[dict]]) -> list[list[dict]]:
        """What learners had after each step."""
        if not self.name:
            return json.loads(json.dumps([this_anki.play(steps) for steps in plans]))
        script, python = Path(this_anki.__file__), find_old_anki(self.name)
        done = subprocess.run([python, script], input=json.dumps(plans), capture_output=True, encoding="utf-8", timeout=600)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


NEWEST = Version()
OLD = (
    Version("25.9.2"),
    Version("24.11", dates_by_import=True),
    Version("2.1.66", dates_by_import=True),
    Version("2.1.54", reads_text=False),
)


# ---- what a release has to change ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """What a release last sent of a note, and when: by the sources alone."""

    first: int
    content: object
    tags: object
    time: int
    restored: int = -1


def send(history: History) -> list[dict[str, dict[str, Sent]]]:
    """For each release, what was last sent of each note (by guid) to those who have a deck's package."""
    found: list[dict[str, dict[str, Sent]]] = []
    for release, state in enumerate(history.states):
        before = found[-1] if found else {"one": {}, "two": {}}
        one, two = dict(before["one"]), dict(before["two"])
        overrides = dict(state.overrides)
        own = before["two"].get("two/own@en")
        if own is None or own.content != state.own:
            two["two/own@en"] = Sent(own.first if own else release, state.own, (), at(release))
        for card in state.cards:
            old = one.get(card.name)
            new = _send(old, card.content, card, state, release)
            one[card.name] = new
            if card.id in overrides or card.name in two:
                # one second later than the original, in whatever order both are imported
                content = (card.content, overrides.get(card.id))
                sent = _send(two.get(card.name), content, card, state, release, again=new is not old)
                two[card.name] = Sent(sent.first, sent.content, sent.tags, max(sent.time, new.time + 1), sent.restored)
        found.append({"one": one, "two": two})
    return found


def _send(old: Sent | None, content: object, card: Card, state: State, release: int, again: bool = False) -> Sent:
    if old is None:
        return Sent(release, content, card.tags, at(release))
    if not again and old.content == content and not (state.with_tags and old.tags != card.tags):
        return old
    own = content if content == card.content else content[0]
    was = old.content if content == card.content else old.content[0]
    is_restored = was[-1] and not own[-1]
    return Sent(old.first, content, card.tags, at(release), release if is_restored else old.restored)


# ---- releases -----------------------------------------------------------------------------------------------------------


def make_releases(history: History, folder: Path, run: Callable[[list[str], Path, int], None]) -> None:
    """The packages and texts of each release in a folder of its own, with the ledgers of that time."""
    for release, state in enumerate(history.states):
        state.write(folder / "decks")
        out = folder / f"r{release}"
        words = ["release", "decks", "--out", str(out), *(["--with-tags"] if state.with_tags else [])]
        run(words, folder, at(release))
        for deck in ("one", "two"):
            (out / f"{deck}.lock").write_bytes((folder / "decks" / deck / NAME).read_bytes())


@pytest.fixture(scope="session")
def run(warm, tmp_path_factory) -> Callable[[list[str], Path, int], None]:
    """Runs the command, which has to do what it is asked."""
    streams, cache = tmp_path_factory.mktemp("streams"), tmp_path_factory.mktemp("cache")

    def run(words: list[str], cwd: Path, now: int) -> None:
        environment = ENVIRONMENT | {"FLASHDECK_CACHE": str(cache), "SOURCE_DATE_EPOCH": str(now)}
        code, out, err = warm.run(words, cwd, environment, streams)
        assert code == 0, out + err

    return run


def ledger_of(path: Path) -> Ledger:
    return parse_ledgers(path.read_text(encoding="utf-8"))[0]


def find_text(folder: Path, part: str, since: int, release: int) -> Path | None:
    """The text that leads to a release from the one of which a learner's deck says it is."""
    decks = ("one", "two") if part == "course" else (part,)
    times = [
        max(time for deck in decks for time in ledger_of(folder / f"r{one}" / f"{deck}.lock").releases)
        for one in (since, release)
    ]
    path = folder / f"r{release}" / f"{part}-en-from-{times[0][:10]}.txt"
    return path if times[0] != times[1] and path.exists() else None


# ---- learners -----------------------------------------------------------------------------------------------------------


@dataclass
class Plan:
    """The steps of a learner, and what each of those does after which Anki is looked at."""

    steps: list[dict] = field(default_factory=list)
    about: list[tuple] = field(default_factory=list)

    def add(self, do: str, when: int, about: tuple | None = None, **more: object) -> None:
        self.steps.append({"do": do, "at": when, "look": about is not None, **more})
        if about is not None:
            self.about.append(about)


def to_plan(history: History, learner: Learner, folder: Path, version: Version) -> Plan:
    plan, now, since = Plan(), BEGIN - DAY, -1
    if learner.has_own_type:
        plan.add("own types", now, names=["one basic (en)", "one pair (en)", "two basic (en)"])
    for visit in learner.visits:
        guids = sorted(card.name for card in history.states[max(since, 0)].cards) + ["two/own@en"]
        for is_after in (False, True):
            now = max(now + 60, at(visit.release) + (HOUR if is_after else -HOUR))
            for number, what, after in visit.edits:
                if after == is_after:
                    guid = guids[number % len(guids)]
                    if what == "apart":
                        plan.add("keep apart", now, ("look", ()), guid=guid)
                    else:
                        fields = {"first": ["first"], "own": [OWN], "tag": [], "all": ["first", OWN]}[what]
                        tags = ["own", "marked"] if what in ("tag", "all") else []
                        plan.add("edit", now, ("edit", guid, now), guid=guid, fields=fields, tags=tags, words=" (mine)")
            if visit.style and not is_after and since >= 0:
                plan.add("style", now, ("style", now), css="\n.mine {}", name=" mine" if learner.renames else "")
        now = max(now + 60, at(visit.release + 1) + HOUR if visit.late else at(visit.release) + 2 * HOUR)
        for part in learner.parts:
            text = find_text(folder, part, since, visit.release) if visit.text and version.reads_text and since >= 0 else None
            if text:
                plan.add("text", now, ("text", part, since, visit.release, now), path=str(text))
            now += 60
            path = folder / f"r{visit.release}" / f"{part}-en.apkg"
            plan.add("import", now, ("import", part, visit.release, now), path=str(path))
            now += 60
        plan.add("study", now, ("look", ()), eases=EASES)
        since = visit.release
    return plan


def to_fresh(history: History, folder: Path) -> dict[tuple[str, int], list[dict]]:
    """What a new learner gets of each package that somebody imports."""
    needed = {(part, visit.release) for learner in history.learners for visit in learner.visits for part in learner.parts}
    return {
        (part, release): [
            {"do": "import", "at": at(release) + HOUR, "look": True, "path": str(folder / f"r{release}" / f"{part}-en.apkg")}
        ]
        for part, release in sorted(needed)
    }


# ---- laws ---------------------------------------------------------------------------------------------------------------


def judge(history: History, learner: Learner, plan: Plan, looks: list[dict], fresh: dict, version: Version) -> None:
    """Every law, after every step."""
    sent = send(history)
    mods: dict[str, int] = {}  # when Anki has to take each note for changed
    type_mods: dict[str, int] = {}
    before: dict = {"notes": {}, "cards": [], "reviews": [], "types": {}}
    for about, after in zip(plan.about, looks, strict=True):
        if about[0] in ("import", "text"):
            here = f"{about} of {learner}"
            assert after["repeated"] == [], here
            if about[0] == "import":
                assert after["missing"] == [], here
            assert not {"conflicting", "missing_notetype", "missing_deck", "empty_first_field"} & after["counted"].keys(), here
            cards = {(guid, ord): rest for guid, ord, *rest in after["cards"]}
            assert {(guid, ord): cards.get((guid, ord)) for guid, ord, *_ in before["cards"]} == {
                (guid, ord): rest for guid, ord, *rest in before["cards"]
            }, here
            assert after["reviews"] == before["reviews"], here
        if about[0] == "edit" and after["notes"].get(about[1]) != before["notes"].get(about[1]):
            mods[about[1]] = about[2]
        if about[0] == "style":
            type_mods |= dict.fromkeys(after["types"], about[1])
        if about[0] == "text":
            judge_text(sent, about, before, after, fresh, mods, f"{about} of {learner}")
        if about[0] == "import":
            judge_package(sent, about, before, after, fresh, mods, version, f"{about} of {learner}")
            judge_types(history, about, before, after, fresh, type_mods, version, f"{about} of {learner}")
        before = after


def stream(sent: list, part: str, release: int) -> dict[str, Sent]:
    return sent[release]["one" if part == "course" else part] | (
        {"two/own@en": sent[release]["two"]["two/own@en"]} if part == "course" else {}
    )


def words_of(note: dict) -> tuple[dict, list]:
    return note["fields"], note["tags"]


def judge_text(sent, about, before, after, fresh, mods, here) -> None:
    """The author's fields of what changed are the release's; all else is as it was."""
    _, part, since, release, now = about
    assert after["notes"].keys() == before["notes"].keys(), here
    tags = ["course::course"] if part == "course" else []
    for guid, note in before["notes"].items():
        found, entry = after["notes"][guid], stream(sent, part, release).get(guid)
        new = fresh[part, release]["notes"].get(guid)
        is_sent = (
            entry and new and entry.time >= at(since + 1) and entry.first <= since and entry.restored <= since
            and "flashdeck::retired" not in new["tags"]
        )  # fmt: skip
        if is_sent:
            fields = {**new["fields"], **{name: text for name, text in note["fields"].items() if name == OWN}}
            if fields != note["fields"]:
                mods[guid] = now
                note = {"fields": fields, "tags": sorted({*note["tags"], *tags})}
        assert words_of(found) == words_of(note), (guid, here)


def judge_package(sent, about, before, after, fresh, mods, version, here) -> None:
    """What is new and what was corrected is as a new learner gets it; all else is as it was."""
    _, part, release, now = about
    ords = {(guid, ord) for guid, ord, *_ in after["cards"]}
    for guid, new in fresh[part, release]["notes"].items():
        time, old, found = stream(sent, part, release)[guid].time, before["notes"].get(guid), after["notes"].get(guid)
        if old is None or time > mods[guid]:
            assert words_of(found) == words_of(new), (guid, here)
            mods[guid] = now if old is not None and version.dates_by_import else time
        else:
            assert words_of(found) == words_of(old), (guid, here)
    assert ords >= {(guid, ord) for guid, ord, *_ in fresh[part, release]["cards"]}, here
    others = before["notes"].keys() - fresh[part, release]["notes"].keys()
    assert {guid: after["notes"][guid] for guid in others} == {guid: before["notes"][guid] for guid in others}, here


def judge_types(history, about, before, after, fresh, type_mods, version, here) -> None:
    """A learner's own style stays until the author changes a note type's."""
    _, part, release, now = about
    looks = [(state.css, state.html) for state in history.states]
    first = {kind: min(at for at, state in enumerate(history.states) if kind in state.kinds) for kind in history.states[-1].kinds}
    for id, new in fresh[part, release]["types"].items():
        time = type_mods.get(id, -1)
        kind = "old" if new["name"].startswith("Basic") else new["name"].split()[1]
        begin = 0 if new["name"].startswith("two") else first[kind]
        changed = at(begin)
        if kind == "pair":
            changed = at(max(one for one in range(begin, release + 1) if one == begin or looks[one] != looks[one - 1]))
        found, old = after["types"][id], before["types"].get(id)
        is_sent = old is None or changed > time
        if is_sent:
            # Anki dates what it gives another name, as it was new
            is_dated = (old and version.dates_by_import) or found["name"] != new["name"]
            type_mods[id] = now if is_dated else changed
        expected = new if is_sent else old
        assert (found["css"], found["sides"]) == (expected["css"], expected["sides"]), (
            new["name"],
            is_sent,
            changed,
            time,
            found["changed"],
            found["css"][-60:],
            expected["css"][-60:],
            found["sides"] == expected["sides"],
            found["name"],
            here,
        )


def check_sources(history: History, fresh: dict) -> None:
    """What a new learner gets is what the sources say."""
    for (part, release), found in fresh.items():
        if part == "one":
            state = history.states[release]
            assert found["notes"].keys() == {card.name for card in state.cards}, found["notes"].keys()
            for card in state.cards:
                assert card.mark in "".join(found["notes"][card.name]["fields"].values()), card
            assert found["missing"] == []


# ---- play ---------------------------------------------------------------------------------------------------------------


def play(history: History, run, versions: list[Version]) -> None:
    with TemporaryDirectory() as folder:
        make_releases(history, Path(folder), run)
        for version in versions:
            fresh_plans = to_fresh(history, Path(folder))
            plans = [to_plan(history, learner, Path(folder), version) for learner in history.learners]
            looks = version.play([*fresh_plans.values(), *(plan.steps for plan in plans)])
            fresh = {key: look[0] for key, look in zip(fresh_plans, looks, strict=False)}
            check_sources(history, fresh)
            for learner, plan, found in zip(history.learners, plans, looks[len(fresh) :], strict=True):
                judge(history, learner, plan, found, fresh, version)


PHASES = (Phase.explicit, Phase.generate) if EXAMPLES > 3 else tuple(Phase)  # to shrink takes minutes


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(histories())
def test_in_the_newest_anki_no_history_costs_a_learner_anything(run, history):
    play(history, run, [NEWEST])


@pytest.mark.slow
@pytest.mark.parametrize("version", OLD, ids=[version.name for version in OLD])
@settings(max_examples=EXAMPLES, phases=PHASES)
@given(history=histories())
def test_nor_in_an_old_one(version, run, history):
    play(history, run, [version])
