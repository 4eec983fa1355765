"""An application with its lifespan, as the hub calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from taipan.asgi.lifespan import Lifespan, StartupFailed
from taipan.asgi.scope import Known, Scope
from taipan.events import Application, Reporter
from taipan.loader.slot import NotLoaded, Slot
from taipan.stacks import Stack, capture_task, capture_thread

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Mount:
    """An application of the configuration.

    It has no lifespan if it is loaded for each request or selected by the request.
    """

    def __init__(self, slot: Slot, reporter: Reporter, given: Mapping[str, Any] = _NOTHING) -> None:
        self.slot = slot
        #: What Taipan puts into the state of each lifespan.
        self._given = given
        self.state: dict[str, Any] = {**given}
        #: Scopes by connection, without what differs between its requests.
        self.known: Known = {}
        #: The callable for all requests; None: call `resolve` for each request.
        self.application: Application | None = None
        self._reporter = reporter
        self._lifespan: Lifespan | None = None
        #: The application whose lifespan runs.
        self._current: Application | None = None
        self._changing = asyncio.Lock()

    async def startup(self) -> None:
        """Starts the lifespan. Raises `StartupFailed`."""
        if self.slot.interface != "asgi" or not self.slot.stays:
            return
        try:
            application = self.slot.application or self.slot.load().application
        except Exception:
            # The loader has reported it.
            return
        await self._change(application)
        self.application = self.slot.application

    def capture_startup(self, ident: int) -> Stack:
        """The stack of the lifespan, whose loop runs in the thread `ident`. Safe in any thread."""
        lifespan = self._lifespan
        return capture_thread(ident) if lifespan is None else capture_task(lifespan.task, ident)

    async def shutdown(self, seconds: float) -> None:
        """Ends the lifespan."""
        if self._lifespan is not None:
            await self._lifespan.shutdown(seconds)

    async def resolve(self, scope: Scope, seconds: float) -> Application:
        """The callable for a request. Raises what loading and `startup` raise."""
        query = scope["query_string"].decode("latin-1")
        application = self.slot.resolve(query, "asgi")
        if self.slot.stays:
            async with self._changing:
                if application is not self._current:
                    if self.slot.failure is not None:
                        raise NotLoaded(self.slot.failure)
                    await self.shutdown(seconds)
                    await self._change_noted(application)
            self.application = self.slot.application
            scope["state"] = self.state.copy()
        return application

    def tasks(self) -> set[asyncio.Task[None]]:
        """The task of the lifespan."""
        return set() if self._lifespan is None else {self._lifespan.task}

    async def _change_noted(self, application: Application) -> None:
        try:
            await self._change(application)
        except StartupFailed as error:
            self.slot.fail(error)
            self.slot.on_change()
            raise

    async def _change(self, application: Application) -> None:
        self._current = None
        self._lifespan = Lifespan(self.slot.name, application, self._reporter)
        self.state = self._lifespan.state
        self.state.update(self._given)
        await self._lifespan.startup()
        self._current = application
