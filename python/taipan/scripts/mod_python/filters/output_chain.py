"""The filters between a handler and the response."""

from __future__ import annotations

from taipan.scripts.mod_python.filters.filter import Filter
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import ScriptHead


class OutputChain:
    """Filters in their order; what the first one is given comes out of the last one."""

    def __init__(self, request: ScriptRequest) -> None:
        self._request = request
        self._filters: list[Filter] = []
        #: The first error of a filter; nothing comes out behind it.
        self.failure: BaseException | None = None

    def add_filter(self, filter: Filter) -> None:
        """Adds one behind the others."""
        output = self._request.output
        # What was written before is not for it.
        self._request.text.pass_on()
        filter.sink = self._put
        if self._filters:
            self._filters[-1].sink = filter.feed
        else:
            output.body_filter = self._take
            output.complete_head = _drop_length
        self._filters.append(filter)

    def end(self) -> None:
        """The handler has written all. Raises what filters raise."""
        self._request.text.pass_on()
        if self.failure is not None:
            raise self.failure
        if self._request.output.body_filter is not None:
            self._feed(b"", True)
            self.release()

    def release(self) -> None:
        """Lets what is written from now on go past the filters, and lets go of them."""
        self._filters = []
        self.failure = None
        self._request.output.body_filter = None

    def _take(self, data: bytes) -> None:
        self._feed(data, False)

    def _feed(self, data: bytes, last: bool) -> None:
        if self.failure is not None:
            return
        try:
            self._filters[0].feed(data, last)
        except BaseException as error:
            self.failure = error
            raise

    def _put(self, data: bytes, last: bool) -> None:
        if data:
            self._request.output.put(data)


def _drop_length(head: ScriptHead) -> ScriptHead:
    """Filters change the length that a handler announces."""
    fields = [field for field in head.fields if field[0].lower() != "content-length"]
    return head._replace(fields=fields)
