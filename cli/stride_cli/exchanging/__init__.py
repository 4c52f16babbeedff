"""Commands that give runs to other tools, and take theirs."""
