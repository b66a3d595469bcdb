"""A GGUF model in this process, through llama-cpp-python (extra `llm-local`)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError, MissingDependency
from mgskel.core.storage.intake import open_file
from mgskel.reason.chat import ChatReply, ClientFault
from mgskel.reason.prompt import ChatRequest

_MAGIC = b"GGUF"


@dataclass
class LocalClient:
    """Loads the model on the first question; one question at a time."""

    path: Path
    context_tokens: int = 8192
    threads: int | None = None
    _model: Any = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            with open_file(self.path, "model file") as handle:
                start = handle.read(4)
        except OSError as error:
            raise InputError(f"cannot read the model file {self.path}: {error.strerror}") from error
        if start != _MAGIC:
            raise InputError(
                f"this is no GGUF model file: {self.path}",
                expected="a file that starts with 'GGUF'",
                found=repr(start),
            )
        try:
            import llama_cpp  # noqa: F401
        except ImportError as error:
            raise MissingDependency(
                "llama-cpp-python", "llm-local", "reading a local GGUF model"
            ) from error

    def complete(self, request: ChatRequest) -> ChatReply:
        import llama_cpp

        payload = request.payload()
        payload.pop("model")
        schema = payload.pop("response_format")["json_schema"]["schema"]
        form = {"type": "json_object", "schema": schema}
        try:
            with self._lock:
                if self._model is None:
                    self._model = llama_cpp.Llama(
                        model_path=str(self.path),
                        n_ctx=self.context_tokens,
                        n_threads=self.threads,
                        verbose=False,
                    )
                answer = self._model.create_chat_completion(**payload, response_format=form)
        except (RuntimeError, ValueError) as error:
            # Chiefly a prompt longer than the context.
            raise ClientFault("local model", str(error)[:300]) from error
        choice, usage = answer["choices"][0], answer.get("usage", {})
        return ChatReply(
            text=choice["message"].get("content") or "",
            model=self.path.name,
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
            cut_off=choice.get("finish_reason") == "length",
        )
