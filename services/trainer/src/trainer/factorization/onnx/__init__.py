"""ONNX: networks as graphs, checked against torch before they are published."""
