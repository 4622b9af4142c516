"""The choice of an executor: processes of this machine, or Jobs of a cluster."""

from trainer.jobs.executors.executor import Executor
from trainer.jobs.executors.groups import ControlGroups
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.templates import JobTemplates
from trainer.settings import Settings

__all__ = ["executor_of"]


def executor_of(settings: Settings) -> Executor:
    """The executor that the settings ask for; raises OSError or ValidationError where a cluster's templates cannot be read."""
    if settings.executor == "local":
        return LocalExecutor(groups=ControlGroups.own)
    templates = JobTemplates.of(settings)
    return KubernetesExecutor(KubernetesServer.opened(templates.namespace, settings.kubernetes_api), templates)
