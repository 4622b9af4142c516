"""The JSON objects of OpenAI's APIs, as far as a small bot can keep what they promise."""
