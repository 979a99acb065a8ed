"""Trainings of the queue as jobs of a Slurm cluster, by submitit. A job is saved before its time limit and queued anew.

The program, the queue and the runs are on a drive that all machines of the cluster share.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from core.errors import UserError
from core.language import _
from core.queue.entry import State
from core.queue.folder import Queue
from core.remote.hosts import Cluster

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

WARNING_SECONDS = 180
"""Seconds before the time limit at which Slurm signals the job, in which it is saved."""
MOST_REQUEUES = 1000
SUBMITTED = "slurm"
"""Folder of submitit's files in that of an entry."""


class ClusterJob:
    """Job that runs one entry of a queue in a process of its own, and saves it when the cluster asks for its end."""

    def __init__(self, queue: Path, id: str) -> None:
        self._queue, self._id = queue, id
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Trains the entry; returns the exit code of its process."""
        command = [sys.executable, "-P", "-m", "core", "queue", "run", self._id, "--queue", str(self._queue)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        code = self._process.wait()
        queue = Queue(self._queue)
        entry = queue.entry(self._id)
        if not (entry.state.has_ended or entry.state.is_active):  # it was killed, and is not started again
            reason = _("Its process ended without a result. See the cluster's messages in {folder}.")
            queue.end(entry, State.FAILED, reason.format(folder=entry.folder / SUBMITTED), entry.step)
        return code

    def checkpoint(self) -> DelayedSubmission:
        """Saves the training and returns the job that continues it. Called by submitit in a signal handler."""
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            with suppress(psutil.NoSuchProcess):  # it has just ended
                # The handler interrupts Popen.wait, whose lock a second call would wait for.
                training = psutil.Process(self._process.pid)
                training.terminate()
                training.wait()
        return DelayedSubmission(ClusterJob(self._queue, self._id))


def submit(queue: Queue, id: str, cluster: Cluster, kind: str = "slurm") -> str:
    """Submits a waiting entry of the queue; returns the ID of its job. Raises `UserError` if the cluster refuses it.

    `kind`: submitit's name of the executor; "local" runs the job on this machine.
    """
    try:
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError
    except ImportError as error:
        raise UserError(
            _("The package submitit is not installed for {python}.").format(python=sys.executable),
            _("Install GAN Studio there again with gan-studio hosts install, which adds it."),
        ) from error
    entry = queue.entry(id)
    values: dict[str, Any] = {
        "name": f"gan-studio {entry.entry.title}"[:60].replace(" ", "-"),
        "timeout_min": round(cluster.hours * 60),
        "gpus_per_node": cluster.gpus,
        "cpus_per_task": cluster.cpus,
        "mem_gb": cluster.memory_gb,
        "slurm_signal_delay_s": WARNING_SECONDS,
    }
    values |= {f"slurm_{name}": value for name in ("partition", "account") if (value := getattr(cluster, name))}
    try:
        executor = submitit.AutoExecutor(entry.folder / SUBMITTED, cluster=kind, slurm_max_num_timeout=MOST_REQUEUES)
        executor.update_parameters(**values)
        return str(executor.submit(ClusterJob(queue.folder, entry.id)).job_id)
    except (OSError, RuntimeError, ValueError, FailedSubmissionError, FailedJobError) as error:
        raise UserError(
            _("The cluster did not take the training."),
            _("Check partition, account, GPUs and hours of the host: gan-studio hosts add changes them."),
            str(error),
        ) from error
