"""The published form of a run (`published.form`), written from what a run found, beside its tables."""
