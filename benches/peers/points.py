"""Nearest neighbours and embeddings by scikit-learn and openTSNE, on points from a file, timed without loading."""

import argparse
import json
import time

import numpy as np

import jobs


def neighbours(points, queries, k: int):
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)
    index.kneighbors(queries[:100])  # warms up the threads
    started = time.monotonic()
    found = index.kneighbors(queries, return_distance=False)
    return found.astype(np.uint32), time.monotonic() - started


def embedding(tool: str, points, workers: int):
    """750 steps each, which is openTSNE's default and Kindling's number."""
    if tool == "opentsne":
        from openTSNE import TSNE

        run = lambda: np.asarray(TSNE(perplexity=30, n_jobs=workers, random_state=0).fit(points))
    else:
        from sklearn.manifold import TSNE

        run = lambda: TSNE(perplexity=30, max_iter=750, n_jobs=workers, random_state=0).fit_transform(points)
    started = time.monotonic()
    found = run()
    return found.astype(np.float32), time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=["knn", "opentsne", "sklearn"])
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--points", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queries")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    points = np.fromfile(args.points, np.float32).reshape(-1, args.width)
    if args.tool == "knn":
        queries = np.fromfile(args.queries, np.float32).reshape(-1, args.width)
        found, seconds = neighbours(points, queries, args.k)
    else:
        found, seconds = embedding(args.tool, points, args.workers)
    found.tofile(args.out)
    print(json.dumps({"examples": len(found), "seconds": seconds, "peak_mib": jobs.peak_mib()}))


if __name__ == "__main__":
    main()
