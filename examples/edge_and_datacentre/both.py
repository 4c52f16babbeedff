"""Start the datacentre and the edge as two processes: python both.py FOLDER [--static]"""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: str, *options: str) -> int:
    """Wait for both; when one has failed, the other is ended."""
    commands = [["datacentre.py", folder], ["edge.py", folder, *options]]
    both = [subprocess.Popen([sys.executable, "-u", str(HERE / c[0]), *c[1:]]) for c in commands]
    try:
        while any(process.poll() is None for process in both):
            if any(process.poll() for process in both):
                return 1
            time.sleep(0.1)
        return max(process.returncode for process in both)
    finally:
        for process in both:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
