"""The language of `--where`: choose runs by what is recorded of them."""
