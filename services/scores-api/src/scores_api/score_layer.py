"""The score layer: `GET /cosine/score` answered before FastAPI, from ready-made bytes.

It makes the same promises as the route it stands before (which describes it in the OpenAPI document and answers everything that is
not plain): the store's version is checked on every request, the bytes are the same, ETag and request id go out, and the request is
counted.
"""
