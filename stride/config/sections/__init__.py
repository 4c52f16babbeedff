"""The sections of a config: their keys with types, bounds, defaults and meanings.

A section `<x>_kwargs` is open: beside the declared fields, which are STRIDE's own, it holds the
arguments of a constructor that the user chooses by `<x>_name`. A section `<x>_config` is closed.
"""
