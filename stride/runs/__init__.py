"""Name, claim, write and read run folders."""
