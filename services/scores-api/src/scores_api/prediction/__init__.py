"""Predictions: compounds cut into fragments by a process of its own, and a run's model, or its graph in ONNX Runtime."""
