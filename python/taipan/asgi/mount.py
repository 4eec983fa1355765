"""An application as the hub calls it, with its lifespan."""

from __future__ import annotations

import asyncio
from typing import Any

from taipan.asgi.lifespan import Lifespan, StartupFailed
from taipan.asgi.scope import Known, Scope
from taipan.events import Application, Reporter
from taipan.loader.slot import NotLoaded, Slot


class Mount:
    """One application of the configuration.

    What is loaded anew for each request, or chosen by it, has no lifespan.
    """

    def __init__(self, slot: Slot, reporter: Reporter) -> None:
        self.slot = slot
        self.state: dict[str, Any] = {}
        #: Scopes without what differs between the requests of one connection.
        self.known: Known = {}
        #: Set when every request gets the same callable; otherwise `resolve` is asked.
        self.application: Application | None = None
        self._reporter = reporter
        self._lifespan: Lifespan | None = None
        #: The application that the lifespan belongs to.
        self._current: Application | None = None
        self._changing = asyncio.Lock()

    async def startup(self) -> None:
        """Starts the lifespan. Raises `StartupFailed`."""
        if self.slot.interface != "asgi" or not self.slot.stays:
            return
        try:
            application = self.slot.application or self.slot.load().application
        except Exception:
            # Reported by whoever loaded it at first.
            return
        await self._change(application)
        self.application = self.slot.application

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
        await self._lifespan.startup()
        self._current = application
