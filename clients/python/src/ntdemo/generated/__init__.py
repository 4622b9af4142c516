"""The generated clients of the scores API, the trainer and the chatbot; links to those the services use among themselves."""
