"""Questions about fragments in the middle of a conversation, answered from the scores API instead of by a network."""
