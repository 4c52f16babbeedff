"""The command line: parse, one library call, render.

`app` declares every command and imports nothing but typer; each command lives in the module of its
name, in `reading`, `running` or `labelling`, and is imported when it is called, so that
`stride --help` costs no more than typer does. Data goes to stdout, words go to stderr.
"""
