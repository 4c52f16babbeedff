"""Commands that say what is kept: tags and notes, the trash, checkpoints."""
