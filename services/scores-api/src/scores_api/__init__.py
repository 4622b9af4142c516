"""The scores API: serves what the trainer published."""
