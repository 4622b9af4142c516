"""The client for an event loop. `ntdemo._sync` is generated from this package by `make client-gen`: edit here alone."""
