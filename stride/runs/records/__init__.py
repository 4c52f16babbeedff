"""Describe the JSON files of a run folder, and the rows of its streams.

The only modules of `stride.runs` that import pydantic: what writes is checked against them, while
listing runs reads plain JSON; `json_schemas` makes schemas of them. A key that is not declared here
is refused, so that a file with new keys has to carry a new format_version. Keys that are newer than
version 1 have defaults, so that files of every version are read by the same record.
"""
