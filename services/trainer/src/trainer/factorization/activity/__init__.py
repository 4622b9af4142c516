"""The `activity` model: measured activity as the work of fragments, with what it does not know stated as intervals."""
