"""The objectives of a run of factors: each fits the same facts, and gives them back in the same form."""
