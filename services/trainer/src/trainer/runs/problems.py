"""The problems the trainer's callers can meet, at its doors or in a job's record."""

from http import HTTPStatus
from typing import Final

from servicekit.problems import INVALID_CURSOR, RUN_NOT_FOUND, ProblemType

__all__ = [
    "ALIAS_MOVED",
    "ALIAS_NOT_FOUND",
    "BOT_NOT_PROMOTED",
    "CHECKPOINT_UNUSABLE",
    "DATASET_IN_USE",
    "DATASET_NOT_FOUND",
    "DATASET_TOO_LARGE",
    "DATA_NOT_ALLOWED",
    "DATA_NOT_FOUND",
    "DEVICE_FAILED",
    "DEVICE_NOT_FOUND",
    "IDEMPOTENCY_CONFLICT",
    "INVALID_DATA",
    "JOB_BROKEN",
    "JOB_FINISHED",
    "JOB_INTERRUPTED",
    "JOB_NOT_FOUND",
    "JOB_TOO_LARGE",
    "JOB_UNREADABLE",
    "NAME_TAKEN",
    "NOTHING_BEFORE",
    "OBJECTIVE_MISFIT",
    "OUT_OF_MEMORY",
    "POD_NOT_STARTED",
    "PROBLEM_TYPES",
    "QUEUE_FULL",
    "RUN_KEPT",
    "RUN_NOT_FOUND",
    "STORAGE_FULL",
    "SWEEP_INCOMPLETE",
    "TIME_LIMIT",
    "UPLOADS_FULL",
]

JOB_NOT_FOUND: Final = ProblemType(
    "job-not-found",
    "There is no such job",
    HTTPStatus.NOT_FOUND,
    "No job of this trainer has the id that was asked for.",
    "List the jobs with `GET /v1/jobs`.",
)
JOB_FINISHED: Final = ProblemType(
    "job-finished",
    "The job has already finished",
    HTTPStatus.CONFLICT,
    "A job that succeeded or failed cannot be cancelled; what it published stays published.",
    "Submit another job with `POST /v1/jobs` if you want another run.",
)
IDEMPOTENCY_CONFLICT: Final = ProblemType(
    "idempotency-conflict",
    "The idempotency key was used for another request",
    HTTPStatus.CONFLICT,
    "An `Idempotency-Key` stands for one request body; this key came with a different one before.",
    "Send a fresh key with a new request; repeat a key only to repeat its request.",
)
INVALID_DATA: Final = ProblemType(
    "invalid-data",
    "The data cannot be used",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Something in the files does not fit what they have to state. `offences` lists the first 20 places with file, row, column, "
    "value and reason; `offences_total` counts all of them.",
    "Correct the places that are listed, or take one of the options that a reason ends with: `--target-column` on a command "
    "line is `target_column` in a job's `spec.ingest`; `POST /v1/datasets/{dataset}/plan` shows what it does. Rows and cells "
    'that cannot be used may be left out with `"on_error": "skip"`; they are then counted and kept in the table `rejects`.',
)
DATA_NOT_FOUND: Final = ProblemType(
    "data-not-found",
    "The data are not there",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "A source names a file, a directory or an uploaded data set that does not exist or cannot be read.",
    "Compare the source with `GET /v1/datasets`, or with the files as the trainer sees them: in a container that is what is "
    "mounted there.",
)
DATASET_NOT_FOUND: Final = ProblemType(
    "dataset-not-found",
    "There is no such data set",
    HTTPStatus.NOT_FOUND,
    "No file with this SHA-256 was uploaded to this trainer.",
    "List the data sets with `GET /v1/datasets`, or upload the file with `POST /v1/datasets`.",
)
OBJECTIVE_MISFIT: Final = ProblemType(
    "objective-misfit",
    "The objective does not fit the data",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "An objective says something about some kinds of data alone: `activity` needs stated cells, numbers or active and inactive "
    "ones, and a holdout needs enough of them to leave some out.",
    "Take the objective that the detail names, or data of the other kind; `activity_kind` says what values state where that is "
    "not found from the values.",
)
DATA_NOT_ALLOWED: Final = ProblemType(
    "data-not-allowed",
    "The trainer does not read files there for callers",
    HTTPStatus.FORBIDDEN,
    "Over HTTP a path may name files only in the directories listed in `TRAINER_DATA_DIRS`, and the start's data; "
    "symbolic links must not lead out of them.",
    "Upload the file with `POST /v1/datasets` and name it `dataset:<sha256>`, or add its directory to `TRAINER_DATA_DIRS`.",
)
DATASET_TOO_LARGE: Final = ProblemType(
    "dataset-too-large",
    "The upload is too large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "The body has more bytes than this trainer accepts; `limit_bytes` says how many that are.",
    "Compress the file, put it where the trainer can read it and name its path, or raise `TRAINER_UPLOAD_LIMIT_BYTES`.",
)
DATASET_IN_USE: Final = ProblemType(
    "dataset-in-use",
    "A job still needs the data set",
    HTTPStatus.CONFLICT,
    "A job that is queued or runs names the data set; the detail says which.",
    "Wait for the job, or cancel it with `DELETE /v1/jobs/{job}`, and delete the data set then.",
)
UPLOADS_FULL: Final = ProblemType(
    "uploads-full",
    "There is no room for more uploads",
    HTTPStatus.INSUFFICIENT_STORAGE,
    "All uploads together have as many bytes, or are as many, as this trainer keeps; `limit_bytes` is the former.",
    "Delete data sets that nobody needs with `DELETE /v1/datasets/{dataset}`, or raise `TRAINER_UPLOADS_LIMIT_BYTES`.",
)
STORAGE_FULL: Final = ProblemType(
    "storage-full",
    "The disk is full",
    HTTPStatus.INSUFFICIENT_STORAGE,
    "The state directory or the scratch space has no room left. Nothing was published; older runs are untouched.",
    "Make room where `NTDEMO_STATE` lies and submit the job again.",
)
OUT_OF_MEMORY: Final = ProblemType(
    "out-of-memory",
    "The run needs more memory",
    HTTPStatus.INSUFFICIENT_STORAGE,
    "The processor or the GPU has not enough memory for these data at this rank. Nothing was published.",
    "Choose a smaller rank or a device with more memory, give the trainer more memory, and submit the job again.",
)
CHECKPOINT_UNUSABLE: Final = ProblemType(
    "checkpoint-unusable",
    "The training cannot be resumed",
    HTTPStatus.CONFLICT,
    "The state directory holds no checkpoint of this language, or one of a training with other corpora, sizes, seed or number "
    "of processes, which cannot be continued as if nothing had happened.",
    "Give the same corpora, architecture, dropout and seed as before and change only how long to train, or train anew without "
    "`resume`.",
)
DEVICE_NOT_FOUND: Final = ProblemType(
    "device-not-found",
    "The device is not there",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The run asks for a GPU that this trainer does not have, or that PyTorch cannot use.",
    "Choose another device, `auto` for instance; `GET /v1/devices` lists them. The CUDA image needs a GPU and its driver.",
)
DEVICE_FAILED: Final = ProblemType(
    "device-failed",
    "The device failed",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The GPU that the job computed on vanished or reported an error that only a reset mends, and no other device here can run "
    "the job. The trainer gives that device no more jobs; `GET /v1/devices` says why. Nothing was published.",
    "Have the GPU reset or replaced, start the trainer again, and submit the job again; or submit it for another device.",
)
JOB_TOO_LARGE: Final = ProblemType(
    "job-too-large",
    "No device is large enough for the job",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The job needs more memory than any device that it may run on has; `memory_bytes` says how much it needs, `devices` what "
    "there is. What nobody declares is estimated from the size of the data, the rank and the kind of run.",
    "Take a smaller rank or fewer data, or, where you know better than the estimate, say so: `memory_bytes` in the request.",
)
TIME_LIMIT: Final = ProblemType(
    "time-limit",
    "The job reached its time limit",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The attempts of the job lasted longer together than its `time_limit_s`; it was stopped and nothing was published.",
    "Submit it again with a greater limit. A chatbot whose training is to be as long as it was is trained by `minutes`.",
)
QUEUE_FULL: Final = ProblemType(
    "queue-full",
    "The queue is full",
    HTTPStatus.TOO_MANY_REQUESTS,
    "So many jobs wait already that this trainer takes no more: `queued` says how many, `limit` how many may.",
    "Wait, or cancel jobs that are not needed; whoever runs the trainer can raise `TRAINER_QUEUE_LIMIT`.",
)
SWEEP_INCOMPLETE: Final = ProblemType(
    "sweep-incomplete",
    "Jobs of the sweep failed",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "A sweep has succeeded when every job of it has. Runs of those that succeeded are published.",
    "List its jobs with `GET /v1/jobs?parent={job}`: each tells its own problem.",
)
JOB_UNREADABLE: Final = ProblemType(
    "job-unreadable",
    "The job cannot be read by this version",
    HTTPStatus.GONE,
    "The job was handed in to an earlier version of the trainer, which knew a parameter that this one does not, or knew it "
    "otherwise.",
    "Submit it again, as `GET /v1/jobs` of this version and its documentation say.",
)
JOB_INTERRUPTED: Final = ProblemType(
    "job-interrupted",
    "The job's process died",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The process that ran the job ended without a verdict as often as a job is tried: often it was killed because the machine "
    "ran out of memory. Nothing was published.",
    "Look at `GET /v1/jobs/{job}/log`, give the trainer more memory or fewer data, and submit the job again.",
)
POD_NOT_STARTED: Final = ProblemType(
    "pod-not-started",
    "The cluster did not start the job",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The job runs as a pod of a cluster, and the cluster does not make or start it: no node has what it asks for, its image is "
    "not found, or the API server refuses it. The detail is what the cluster says.",
    "Ask whoever runs the cluster, or look at `kubectl describe pod`; then submit the job again, or one that needs less.",
)
JOB_BROKEN: Final = ProblemType(
    "job-broken",
    "The job failed because of a defect",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The program met a situation that nobody foresaw; nothing was published. The job's log holds the details.",
    "Report it with the log, `GET /v1/jobs/{job}/log`.",
)
RUN_KEPT: Final = ProblemType(
    "run-kept",
    "The run cannot be deleted now",
    HTTPStatus.CONFLICT,
    "An alias names the run, it is pinned, or a job has it in use; or the alias is `current`, which always names a run.",
    "Let the alias name another run with `PUT /v1/aliases/{alias}`, unpin the run with `PATCH /v1/runs/{run}`, or wait for the "
    "job.",
)
NAME_TAKEN: Final = ProblemType(
    "name-taken",
    "The name stands for something else",
    HTTPStatus.CONFLICT,
    "A run, an alias or the product itself is called so already, or the word is none that an alias can have. Ids, names and "
    "aliases of runs stand in the same places, so each stands for one thing.",
    "Take another word, or take it from the other run first.",
)
ALIAS_NOT_FOUND: Final = ProblemType(
    "alias-not-found",
    "There is no such alias",
    HTTPStatus.NOT_FOUND,
    "No run is named by this alias.",
    "List the aliases with `GET /v1/aliases`, or make it with `PUT /v1/aliases/{alias}`.",
)
ALIAS_MOVED: Final = ProblemType(
    "alias-moved",
    "The alias names another run by now",
    HTTPStatus.PRECONDITION_FAILED,
    "`If-Match` states the run that the alias was thought to name, and somebody or a new run moved it meanwhile; `run` is what "
    "it names.",
    "Look at `GET /v1/aliases/{alias}` and ask again with its `ETag`, or without `If-Match`.",
)
NOTHING_BEFORE: Final = ProblemType(
    "nothing-before",
    "There is nothing to go back to",
    HTTPStatus.CONFLICT,
    "The alias has named no other run before, or those that it named were deleted.",
    "Name a run with `PUT /v1/aliases/{alias}`.",
)
BOT_NOT_PROMOTED: Final = ProblemType(
    "bot-not-promoted",
    "The bot is not promoted",
    HTTPStatus.CONFLICT,
    "The bot is worse than the one that is served, on exchanges that its training held out, or there is nothing to compare.",
    'Train it longer. `"force": true` promotes it nevertheless, as `ntdemo-train bots promote --force` does.',
)
PROBLEM_TYPES: Final = (
    RUN_NOT_FOUND,
    RUN_KEPT,
    NAME_TAKEN,
    ALIAS_NOT_FOUND,
    ALIAS_MOVED,
    NOTHING_BEFORE,
    BOT_NOT_PROMOTED,
    JOB_NOT_FOUND,
    JOB_FINISHED,
    IDEMPOTENCY_CONFLICT,
    INVALID_CURSOR,
    INVALID_DATA,
    DATA_NOT_FOUND,
    DATASET_NOT_FOUND,
    OBJECTIVE_MISFIT,
    DATA_NOT_ALLOWED,
    DATASET_TOO_LARGE,
    DATASET_IN_USE,
    UPLOADS_FULL,
    STORAGE_FULL,
    OUT_OF_MEMORY,
    CHECKPOINT_UNUSABLE,
    DEVICE_NOT_FOUND,
    DEVICE_FAILED,
    JOB_TOO_LARGE,
    QUEUE_FULL,
    TIME_LIMIT,
    SWEEP_INCOMPLETE,
    JOB_UNREADABLE,
    JOB_INTERRUPTED,
    POD_NOT_STARTED,
    JOB_BROKEN,
)
"""Every type of this service, for `servicekit.application.create_application`."""
