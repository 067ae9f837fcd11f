"""Runs a command and prints, as one line of JSON, its seconds from start to end and its peak memory."""

import json
import resource
import subprocess
import sys
import time

started = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps({"seconds": time.monotonic() - started, "peak_mib": peak}))
