"""A worker for tests: ties itself to its parent, starts a child that never ends, prints that one's id, and sleeps."""

import subprocess
import sys
import threading

from trainer.jobs.lifeline import lifeline

if __name__ == "__main__":
    with lifeline():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        sys.stdout.write(f"{child.pid}\n")
        sys.stdout.flush()
        threading.Event().wait(600)
