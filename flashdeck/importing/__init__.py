"""What others wrote -> sources: tables, packages and their HTML become cards, kinds and media of a deck folder."""
