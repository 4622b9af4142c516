"""Tables: what the columns of a user's files mean, planned before anything is fitted, and their rows as records."""
