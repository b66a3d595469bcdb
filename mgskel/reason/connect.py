"""From command-line options to a language model that can be asked."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from mgskel.core.errors import InputError, unknown
from mgskel.reason.cache import CachedClient
from mgskel.reason.chat import ChatReasoner
from mgskel.reason.clients import ChatClient
from mgskel.reason.prompt import ChatSettings, wordings


@dataclass(frozen=True)
class ModelOptions:
    """Which model, where, and how it is asked."""

    url: str | None = None
    model: str | None = None
    file: Path | None = None
    key_variable: str | None = None
    wording: str = "plain"
    timeout_s: float = 120.0
    retries: int = 3
    backoff_s: float = 1.0
    max_tokens: int = 2000
    seed: int = 0
    cache: Path | None = None
    replay: Path | None = None

    @classmethod
    def from_namespace(cls, args: argparse.Namespace) -> ModelOptions:
        return cls(
            url=args.llm_url,
            model=args.llm_model,
            file=args.llm_file,
            key_variable=args.llm_key_env,
            wording=args.prompt,
            timeout_s=args.timeout,
            retries=args.retries,
            max_tokens=args.max_tokens,
            seed=args.seed,
            cache=args.cache,
            replay=args.replay,
        )

    def settings(self) -> ChatSettings:
        if self.wording not in wordings():
            raise unknown("prompt wording", self.wording, wordings())
        return ChatSettings(
            model=self.model or (self.file.name if self.file else "MODEL"),
            wording=self.wording,
            seed=self.seed,
            max_tokens=self.max_tokens,
        )

    def destination(self) -> str:
        """Where requests would go, in words without secrets or paths."""
        if self.url is not None:
            from mgskel.reason.server import host

            return host(self.url)
        return "a model on this machine" if self.file else "nobody (no model is chosen)"


def chat_reasoner(options: ModelOptions) -> ChatReasoner:
    """The reasoner that the options describe, with its cache or recorded replies."""
    if options.url is not None and options.file is not None:
        raise InputError("choose a server (--llm-url) or a model file (--llm-file), not both")
    if options.model is None and options.file is None:
        raise InputError(
            "which model is to be asked?",
            remedy="add --llm-model NAME (the server's name for it)",
        )
    client = _client(options)
    folder = options.replay or options.cache
    if options.replay is not None and not options.replay.is_dir():
        raise InputError(f"there are no recorded replies: {options.replay} is no folder")
    if folder is not None:
        client = CachedClient(folder, client)
    if client is None:
        raise InputError("no model is chosen", remedy="add --llm-url or --llm-file")
    return ChatReasoner(client, options.settings())


def _client(options: ModelOptions) -> ChatClient | None:
    if options.replay is not None:
        return None
    if options.file is not None:
        from mgskel.reason.local import LocalClient

        return LocalClient(options.file)
    if options.url is not None:
        from mgskel.reason.server import ServerClient, ServerSettings

        return ServerClient(
            ServerSettings(
                url=options.url,
                timeout_s=options.timeout_s,
                retries=options.retries,
                backoff_s=options.backoff_s,
                key_variable=options.key_variable,
            )
        )
    return None
