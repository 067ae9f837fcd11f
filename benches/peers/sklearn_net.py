"""The job in scikit-learn: MLPClassifier, or MLPRegressor for a reconstruction, one thread a process."""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import jobs

warnings.simplefilter("ignore", ConvergenceWarning)


def make(job: jobs.Job, rank: int):
    assert job.stack == 1, "scikit-learn trains one network a process"
    inputs, labels = (part[: jobs.EXAMPLES] for part in jobs.images(job.data))
    kind = MLPRegressor if job.reconstructs else MLPClassifier
    model = kind(
        hidden_layer_sizes=job.widths[1:-1],
        solver="adam",
        alpha=0.0,
        batch_size=job.batch,
        learning_rate_init=job.lr,
        max_iter=1,
        warm_start=True,
        random_state=rank,
    )
    targets = inputs if job.reconstructs else labels
    return lambda: model.fit(inputs, targets)


if __name__ == "__main__":
    jobs.main(make)
