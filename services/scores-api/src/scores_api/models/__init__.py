"""What travels: the JSON objects of the scores API, one module a resource."""
