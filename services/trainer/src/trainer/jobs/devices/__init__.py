"""Devices that jobs are given: what they are, and who lists them."""
