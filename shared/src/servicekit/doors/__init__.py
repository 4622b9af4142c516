"""The doors: who may reach a service, from which pages, with what, how often; and what is written down of it."""
