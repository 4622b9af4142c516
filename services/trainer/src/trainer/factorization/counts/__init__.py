"""The `counts` objective: the best product of two tables of factors to the fragment x target counts."""
