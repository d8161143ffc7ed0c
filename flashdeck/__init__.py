"""flashdeck compiles YAML card sources into Anki packages.

YAML files -> Source, Node       source.py    what was typed, and where
           -> Deck, Card, ...    model.py     the author's side, kinds/ says which fields a card has
           -> Problem            checks.py    every mistake, in one run
           -> selection          courses.py   the cards of one course, kind or tag
           -> Note               notes.py     Anki's side: guid, HTML fields, tags
           -> .apkg              package.py   the same bytes for the same input
"""

__version__ = "0.1.0"
