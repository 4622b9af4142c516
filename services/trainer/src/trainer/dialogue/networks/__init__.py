"""The networks behind encode and step: a GRU with Luong's attention and a pre-norm Transformer."""

__all__: list[str] = []
