"""What helps authors write: `init`, `add`, prompts, a card in words, and the schema for editors."""
