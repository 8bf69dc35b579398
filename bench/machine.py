"""The machine: what stands in the page, and how much of its time others took during a run."""
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def text_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout.strip()


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def flush_us(folder):
    """The median time of one fdatasync after a write of 8 kB: what every durable commit pays at least."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(200):
            file.write(b"x" * 8192)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(took)


def describe(folder):
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory.group(1)) / 1048576, 1),
        "system": f"{system.group(1) if system else platform.system()}, Linux {platform.release()}",
        "filesystem": text_of("stat", "-f", "-c", "%T", str(folder)),
        "fdatasync_us": round(flush_us(folder)),
    }


class Cpu:
    """Jiffies of all cores; `steal` is what the hypervisor gave to others."""

    def __init__(self):
        fields = [
            int(value) for value in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        ]
        self.total, self.idle, self.steal = sum(fields[:8]), fields[3] + fields[4], fields[7]

    def since(self, before):
        total = max(self.total - before.total, 1)
        return {
            "steal": round((self.steal - before.steal) / total, 4),
            "busy": round(1 - (self.idle - before.idle) / total, 3),
        }


def family(pid):
    """A process and its descendants."""
    found, at = [pid], 0
    while at < len(found):
        for task in pathlib.Path(f"/proc/{found[at]}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
        at += 1
    return found


class FlushTrace:
    """Counts fsync and fdatasync of a process family with strace, where that is installed and allowed."""

    def __init__(self, pid):
        self.process = None
        if not shutil.which("strace"):
            return
        self.file = tempfile.NamedTemporaryFile("r", suffix=".strace")
        pids = [argument for one in family(pid) for argument in ("-p", str(one))]
        command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", self.file.name, *pids]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while line := self.process.stderr.readline():
            if "attached" in line:
                return
        self.process.wait()
        self.process = None

    def count(self):
        """How many, or None where nobody could look."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        calls = re.findall(
            r"^\s*\S+\s+\S+\s+\S+\s+(\d+)\s.*\bf(?:data)?sync$", self.file.read(), re.MULTILINE
        )
        return sum(int(value) for value in calls)
