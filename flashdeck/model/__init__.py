"""The author's side as frozen values: decks, cards, kinds, courses and references, and how sources become them.

Takes sources; gives values, and appends what is wrong to the list of problems that is passed along. Alone knows what an author
may write and what it means.

The trap: reading never stops at a mistake and never raises, so what is in `Card.values` stands as it was typed and may be
wrong; only the problems found meanwhile show whether a card is valid.
"""
