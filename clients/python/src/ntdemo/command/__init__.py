"""The command `ntdemo`."""
