"""Tables: what the columns of a user's files mean, planned before anything is fitted, and the rows as records. No Spark here."""
