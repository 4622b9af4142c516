"""From a bundle's files to replies: ONNX Runtime over rows of chats, all computed step by step together."""
