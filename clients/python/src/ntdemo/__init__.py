"""ntdemo from Python: train on a table, look at neighbours, predict; every answer is a table.

    import ntdemo
    nt = ntdemo.Client()
    run = nt.train(table, target="pIC50").wait()
    run.neighbours("*N1CCOCC1")

`AsyncClient` is the same for programs on an event loop. Errors are of `ntdemo.errors`; what the services answer, of
`ntdemo.generated`.
"""

from importlib.metadata import version

from ntdemo import errors, tables
from ntdemo._async.client import AsyncClient
from ntdemo._async.jobs import AsyncJob
from ntdemo._async.runs import AsyncRun
from ntdemo._sync.client import Client
from ntdemo._sync.jobs import Job
from ntdemo._sync.runs import Run
from ntdemo.addresses import Addresses
from ntdemo.drawings import Drawing, DrawnTable

__all__ = [
    "Addresses",
    "AsyncClient",
    "AsyncJob",
    "AsyncRun",
    "Client",
    "Drawing",
    "DrawnTable",
    "Job",
    "Run",
    "__version__",
    "errors",
    "tables",
]

__version__ = version("ntdemo")
