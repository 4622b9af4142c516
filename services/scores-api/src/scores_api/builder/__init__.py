"""The builder: reads published Delta tables and writes what the server maps, in a process of its own.

`python -m scores_api.builder refresh|project`; nothing else in this service knows Delta or Arrow.
"""
