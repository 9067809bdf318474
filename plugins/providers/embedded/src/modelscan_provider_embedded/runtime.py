"""The runtime: one loaded model per process and settings, a thread that works for it, and an exit that doesn't hang.

Written for xllamacpp 2026.10.11549 (llama.cpp in the process). Facts that shape this module, each of them seen:

- A call delivers its events on the calling thread, and stops when the callback returns True: at the next token, or at
  the next batch of the prompt where `return_progress` is set. Hence small batches.
- Loading holds the interpreter's lock (0.3 s for SmolLM2): the file is read beforehand, without it.
- After a call was stopped, a thread of the model's own still computes the batch at hand. Where the process exits
  meanwhile, the library's tables are taken down under it: a segmentation fault. So at exit every model is stopped, then
  destroyed, which waits for that thread; Python's other exit handlers and the exit code are left alone.
- The destructor hangs where the model's own loop hasn't started yet, and has the interpreter's lock. Asking for its
  metrics waits for that loop, without the lock. Anywhere but there, a model is never destroyed.
- A forked child has the model's memory and none of its threads: it loads a model of its own. The library waits for
  those threads even when that one is destroyed, so a child never does it; its exit skips the C++ destructors.
- The runtime always opens an HTTP port on the loopback interface; a random key locks it.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import queue
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from modelscan.errors import ConfigurationError
from modelscan_provider_embedded.settings import Settings

if TYPE_CHECKING:
    import xllamacpp

Deliver = Callable[[bytes | Exception | None], None]
_BATCH_TOKENS: Final = 128
_READ_BYTES: Final = 8 * 1024 * 1024


class Job:
    """One request to a model. `deliver` gets the events' JSON, then an error or None, on the model's thread.

    With `takes_one` the model is stopped when the first event is there.
    """

    def __init__(self, body: bytes, deliver: Deliver, *, takes_one: bool = False) -> None:
        self.body = body
        self.is_stopped = False
        self._deliver = deliver
        self._takes_one = takes_one

    def stop(self) -> None:
        """Stop the model at its next token, or don't start at all; from any thread, any number of times."""
        self.is_stopped = True

    def hand_over(self, event: bytes | Exception | None) -> bool:
        """Pass an event on, unless nobody wants it any more. Whether the model has to stop."""
        if not self.is_stopped:
            try:
                self._deliver(event)
            except RuntimeError:  # the event loop was closed with the call still open
                self.stop()
            if self._takes_one:
                self.stop()
        return self.is_stopped


class Model:
    """A model that is loaded by its first job; jobs are done one after the other, in order."""

    def __init__(self, settings: Settings, *, is_destroyed_at_exit: bool = True) -> None:
        self.settings = settings
        self._is_destroyed_at_exit = is_destroyed_at_exit
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._current: Job | None = None
        self._is_closed = False
        self._server: xllamacpp.Server | None = None
        self._thread = threading.Thread(target=self._work, name="modelscan-embedded", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job in line. Raises `RuntimeError` when the interpreter is about to exit."""
        if self._is_closed:
            raise RuntimeError("the embedded model was closed: the interpreter is about to exit")
        self._jobs.put(job)

    def stop(self) -> None:
        """Stop the job at work, do no further one, and destroy the model; returns at once."""
        self._is_closed = True
        current = self._current
        if current is not None:
            current.stop()
        self._jobs.put(None)

    def wait(self) -> None:
        """Wait until a stopped model is gone: one token, or one batch of a prompt."""
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._current = job
            if not (job.is_stopped or self._is_closed):
                self._do(job)
        if self._server is not None and self._is_destroyed_at_exit:
            _make_destroyable(self._server)
            self._server = None

    def _do(self, job: Job) -> None:
        try:
            if self._server is None:
                self._server = _load(self.settings)
            if not job.is_stopped:  # while it was loading
                self._server.handle_chat_completions(job.body, job.hand_over)
        except Exception as error:  # noqa: BLE001 - whatever the runtime says goes to the caller, on another thread
            job.hand_over(error)
        else:
            job.hand_over(None)


class LoadedModels:
    """The models of this process, by their settings."""

    def __init__(self) -> None:
        self._models: dict[Settings, Model] = {}
        self._lock = threading.Lock()
        self._is_watching = False
        self._is_forked = False

    def get(self, settings: Settings) -> Model:
        """The model with these settings, the same for every thread and event loop."""
        with self._lock:
            if not self._is_watching:
                self._is_watching = True
                atexit.register(self.close)
                if hasattr(os, "register_at_fork"):
                    os.register_at_fork(after_in_child=self._forget)
            model = self._models.get(settings)
            if model is None:
                model = self._models[settings] = Model(settings, is_destroyed_at_exit=not self._is_forked)
            return model

    def close(self) -> None:
        """Stop all work and wait for its end; nothing can be submitted to these models any more."""
        models = list(self._models.values())
        for model in models:
            model.stop()
        for model in models:  # without a limit: Python ends threads that outlive it, and C++ aborts on that
            model.wait()

    def _forget(self) -> None:
        """In a forked child: the models' threads didn't come along, so they are loaded anew when they are needed."""
        if self._models:
            self._is_forked = True
            _leave_without_destructors()
        self._models = {}
        self._lock = threading.Lock()


def _leave_without_destructors() -> None:
    """Let this forked child's exit skip the C++ destructors: one of the runtime's waits for a thread that isn't there.

    Everything of Python's own has ended by then. Where the C library has no `on_exit`, nothing is done.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "on_exit"):
        library.on_exit(ctypes.cast(library._exit, ctypes.c_void_p), None)  # noqa: SLF001 - C's own name


def reads_llguidance() -> bool:
    """Whether this build of the runtime takes llguidance's grammars. Imports it: not to be called on an event loop."""
    return bool(_import().json_schema_to_grammar({}).startswith("%llguidance"))


def _import() -> Any:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, at the import; 5-18 times faster on a busy machine
    try:
        import xllamacpp
    except ImportError as error:
        raise ConfigurationError(
            "the runtime can't be imported", advice="Run: python -m pip install xllamacpp==2026.10.11549"
        ) from error
    return xllamacpp


def _load(settings: Settings) -> xllamacpp.Server:
    xllamacpp = _import()
    _read_ahead(settings.path)
    try:
        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), settings))
    except RuntimeError as error:
        raise ConfigurationError(
            f"the runtime can't load {settings.path}",
            advice="It must be a whole GGUF file of a kind that llama.cpp knows, and fit into memory.",
        ) from error
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(server))  # not destroyed by accident, see above
    return server


def _make_destroyable(server: xllamacpp.Server) -> None:
    """Wait for the model's loop; with the last reference to it, the model is destroyed."""
    server.handle_metrics()
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(server))


def _parameters(parameters: xllamacpp.CommonParams, settings: Settings) -> xllamacpp.CommonParams:
    parameters.model.path = settings.path
    parameters.n_ctx = settings.context_tokens
    parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    parameters.warmup = False
    parameters.cache_ram_mib = 0
    parameters.verbosity = 0
    parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [secrets.token_urlsafe(32)]
    parameters.n_threads_http = 1
    parameters.ui = parameters.endpoint_slots = False
    parameters.endpoint_metrics = True  # for the exit, see above
    if settings.is_bundled:  # what the model's card recommends; for another file its own hold, or llama.cpp's
        parameters.sampling.temp = 0.0  # a model this small answers best without dice: at 0.2 it still rambles at times
    return parameters


def _read_ahead(path: str) -> None:
    """Bring the file into the system's cache, so that loading needs no disk while it holds the interpreter's lock."""
    buffer = bytearray(_READ_BYTES)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
