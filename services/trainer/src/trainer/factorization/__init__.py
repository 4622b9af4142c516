"""Factorization: fits factors in PyTorch, ranks neighbours, and writes ONNX graphs. No Spark, no store, no HTTP."""
