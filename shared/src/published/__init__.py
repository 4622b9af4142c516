"""What a factor run publishes for services: one form, written once by the trainer and read as it is by the scores API."""
