"""Anki's side: notes, their ids, HTML, media and templates, and packages written and read.

Takes cards, kinds and packages; gives notes and packages. Alone knows what learners' collections hold.

The trap: ids, guids, the order of fields and the digests of notes are in collections and ledgers already, so code that makes
them in another way loses progress, or overwrites learners' own edits.
"""
