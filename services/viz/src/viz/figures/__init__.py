"""Plotly figures from arrays: no Dash, no HTTP, no state."""
