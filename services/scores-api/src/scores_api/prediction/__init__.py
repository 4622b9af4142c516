"""Predictions: compounds cut into fragments by a process of its own, and a run's graph in ONNX Runtime."""
