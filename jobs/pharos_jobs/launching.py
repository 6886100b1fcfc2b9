"""Training by several processes: starts them as torchrun does, and keeps their exit codes.

Each pod of an Indexed Job starts its own processes; they meet at the pod of index 0. torchrun
itself would end with 1 whatever happened; here the code of the process that failed first is kept,
because the operator decides by it. A process knows from RANK that it was started here.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from pharos_api.jobio import ExitCode, StepInput
from pharos_api.names import (
    ENV_GPUS,
    ENV_MEETING_POINT,
    ENV_WORKER_INDEX,
    PORT_MEETING,
)
from pharos_api.trainingrun import StepName

_RANK = "RANK"
_MEET_WITHIN_S = 900


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that train together: pods, processes in each, and which pod this is."""

    nodes: int
    processes: int
    index: int
    meeting_point: str
    run: str

    @property
    def is_alone(self) -> bool:
        """Whether one process does it all."""
        return self.nodes * self.processes == 1


def crew(step_input: StepInput, environment: Mapping[str, str]) -> Crew:
    """Who trains: as the spec says, and by default one process for each GPU."""
    trainer = step_input.trainer
    is_train = step_input.step is StepName.TRAIN
    gpus = int(environment.get(ENV_GPUS, "0"))
    processes = trainer.processes_per_node or max(1, gpus)
    return Crew(
        nodes=trainer.nodes if is_train else 1,
        processes=processes if is_train else 1,
        index=int(environment.get(ENV_WORKER_INDEX, "0")),
        meeting_point=environment.get(ENV_MEETING_POINT, "localhost"),
        run=f"{step_input.uid}-{step_input.attempt}",
    )


def is_started(environment: Mapping[str, str]) -> bool:
    """Whether this process is one of those that were started here."""
    return _RANK in environment


def is_first(environment: Mapping[str, str]) -> bool:
    """Whether this process speaks for all: the one of rank 0, or the only one."""
    return environment.get(_RANK, "0") == "0"


def launch(of: Crew, step: StepName) -> int:
    """Start this pod's processes and wait for them; the exit code of the first that failed."""
    from torch.distributed.elastic.multiprocessing.api import (  # noqa: PLC0415 - seconds
        SignalException,
    )
    from torch.distributed.elastic.multiprocessing.errors import (  # noqa: PLC0415
        ChildFailedError,
    )
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch  # noqa: PLC0415

    config = LaunchConfig(
        min_nodes=of.nodes,
        max_nodes=of.nodes,
        nproc_per_node=of.processes,
        run_id=of.run,
        rdzv_backend="static",
        rdzv_endpoint=f"{of.meeting_point}:{PORT_MEETING}",
        rdzv_configs={"rank": of.index, "timeout": _MEET_WITHIN_S},
        max_restarts=0,
        monitor_interval=0.5,
    )
    command = ["-m", "pharos_jobs", step.value]
    try:
        elastic_launch(config, sys.executable)(*command)
    except SignalException:
        return int(ExitCode.RETRYABLE)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return _kept(failure.exitcode)
    return int(ExitCode.OK)


def _kept(code: int) -> int:
    """A process's exit code as the pod's; one that was killed by a signal is tried again."""
    return code if code > 0 else int(ExitCode.RETRYABLE)
