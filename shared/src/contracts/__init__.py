"""What two ntdemo containers must agree on: the store's layout and tables, manifests, words, and the chemistry of fragments."""
