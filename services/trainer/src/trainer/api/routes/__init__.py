"""The routes: each takes, asks, renders."""
