"""A process that takes part: started once with its browser, it does one task at a time, told and answered in lines of JSON."""

import json
import pathlib
import queue
import subprocess
import threading


class Failed(Exception):
    """A contender ended, fell silent, or answered with an error."""


class Contender:
    """`{"ready":true,"versions":{...}}` once its browser is there; then a line for each task; ends at end of input."""

    def __init__(self, name: str, command: list, folder: pathlib.Path, start_timeout: float = 60):
        self.name = name
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{name.replace(' ', '_').replace('/', '_')}.log"
        self._process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._log.open("w"), text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self.versions = self._next(start_timeout)["versions"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, timeout: float = 120, **task) -> dict:
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said before its end is read below
        return self._next(timeout)

    def close(self) -> None:
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _next(self, timeout: float) -> dict:
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise Failed(f"{self.name} said nothing for {timeout:g} s") from None
        if line is None:
            raise Failed(f"{self.name} ended: {self._log.read_text()[-300:].strip() or 'without a word'}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']}")
        return answer
