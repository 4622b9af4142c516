"""The dialogue model: corpora read and cleaned, a network trained and measured, a bundle exported.

`training.train(spec, ...)` and `export.export_bundle(result, directory)` are what a job calls; torch is imported by
`networks`, `training`, `replies`, `checkpoint`, `evaluation` and `export` alone.
"""

__all__: list[str] = []
