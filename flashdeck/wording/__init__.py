"""Which words are discouraged, and where a text has them: the terminology guard, for cards and for handouts alike.

Takes rules (what a card of the kind `term` says) and texts; gives hits, each with its place in the text. Alone knows how a word
is inflected, what is only quoted or named, and when a negation teaches.

The trap: a text is searched as its author typed it, so that each hit has its place there; `markup.py` takes out what learners do
not see, and keeps where everything stood.
"""
