"""What genanki takes for the same notes, handed to it ready: `python with_genanki.py ROWS OUT`."""

import json
import sys
from pathlib import Path

import genanki


def main(rows: Path, out: Path) -> None:
    ready = json.loads(rows.read_text(encoding="utf-8"))
    models = {}
    for at, (name, fields, cards, css, cloze) in enumerate(ready["types"]):
        templates = [{"name": card, "qfmt": front, "afmt": back} for card, front, back in cards]
        form = genanki.Model.CLOZE if cloze else genanki.Model.FRONT_BACK
        named = [{"name": field} for field in fields]
        models[name] = genanki.Model(1_600_000_001 + at, name, fields=named, templates=templates, css=css, model_type=form)
    deck = genanki.Deck(1_600_000_000, "Bench")
    for guid, name, texts, tags in ready["notes"]:
        deck.add_note(genanki.Note(models[name], texts, tags=tags, guid=guid))
    genanki.Package(deck).write_to_file(str(out))


main(Path(sys.argv[1]), Path(sys.argv[2]))
