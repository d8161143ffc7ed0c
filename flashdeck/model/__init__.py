"""The author's side: decks, cards, kinds, courses and references as frozen values, and how sources become them."""
