"""Which bots there are: those shipped with the service, replaced by newer ones that the trainer published."""
