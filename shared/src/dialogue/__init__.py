"""Dialogue: what a bot published by the trainer is, and what the chatbot makes of it."""
