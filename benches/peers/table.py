"""What the comparison found, as a table that says on what machine and with which versions."""

import os
import platform
import statistics
import subprocess
from importlib.metadata import version
from pathlib import Path

KINDLING = "kindling"
LIBRARIES = {"pytorch": "torch", "jax": "jax", "scikit-learn": "scikit-learn", "openTSNE": "openTSNE"}


def row(job: str, tool: str, found: list, base: list, unit: str) -> dict:
    """Rates or seconds of a tool, and how many times as fast Kindling is."""
    rates = [one["examples"] / one["seconds"] for one in found]
    kindling = statistics.median(one["examples"] / one["seconds"] for one in base)
    shown = sorted(rates) if unit == "samples/s" else sorted(one["seconds"] for one in found)
    return {
        "job": job,
        "tool": tool,
        "unit": unit,
        "rounds": len(found),
        "median": statistics.median(shown),
        "min": shown[0],
        "max": shown[-1],
        "kindling_is_faster_by": kindling / statistics.median(rates),
        "peak_mib": max(one["peak_mib"] for one in found),
        **{key: found[-1][key] for key in ("accuracy", "agrees", "trustworthiness") if key in found[-1]},
    }


def machine(args) -> dict:
    info = Path("/proc/cpuinfo").read_text()
    model = next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    names = ["numpy", *(LIBRARIES[tool] for tool in args.tools), *(["optax"] if "jax" in args.tools else [])]
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    vectors = "AVX-512" if " avx512f" in info else "AVX2" if " avx2" in info else "SSE"
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "workers": args.workers,
        "vectors": vectors,
        "system": f"{platform.system()}, Python {platform.python_version()}, {rustc}",
        "versions": {name: version(name) for name in sorted(names)},
    }


def table(rows: list, about: dict) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    lines = [
        "# Kindling beside its peers",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['vectors']}; {about['system']}; {versions}.",
        f"{about['workers']} workers unless said otherwise, tools in turns. Made by `benches/peers/run.py`.",
        "Peers: a process a worker, each on a core of its own, memory of all together. Kindling: a thread a worker in one process.",
        "PyTorch is eager. JAX leaves out the ragged last batch, and is credited with it.",
        "",
        "| job | tool | median | min to max | rounds | Kindling is faster by | peak memory, MiB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in rows:
        number = (lambda n: f"{n:,.0f} samples/s") if one["unit"] == "samples/s" else (lambda n: f"{n:,.2f} s")
        times = "" if one["tool"].startswith(KINDLING) else f"{one['kindling_is_faster_by']:.2f} x"
        cells = [one["job"], one["tool"], number(one["median"]), f"{number(one['min'])} to {number(one['max'])}"]
        lines.append("| " + " | ".join([*cells, str(one["rounds"]), times, f"{one['peak_mib']:,.0f}"]) + " |")
    notes = {key: [(r["tool"], r[key]) for r in rows if key in r] for key in ("agrees", "trustworthiness", "accuracy")}
    if notes["agrees"]:
        lines += ["", f"Neighbours that Kindling and scikit-learn agree on: {notes['agrees'][0][1]:.4%}."]
    if notes["trustworthiness"]:
        lines += ["", "Trustworthiness (12 neighbours): " + ", ".join(f"{tool} {value:.4f}" for tool, value in notes["trustworthiness"]) + "."]
    for tool, means in notes["accuracy"]:
        lines += ["", f"Mean test accuracy, {tool}: " + ", ".join(f"{arm} {mean:.4f}" for arm, mean in means.items()) + "."]
    return "\n".join(lines) + "\n"
