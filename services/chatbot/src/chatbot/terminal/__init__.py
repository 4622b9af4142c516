"""The chatbot in a terminal: a client of the running services, which carries no network of its own."""
