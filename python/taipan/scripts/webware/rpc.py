"""Servlets that are called from programs: JSON-RPC and XML-RPC."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from taipan.scripts.webware.servlets import HTTPContent, HTTPServlet
from taipan.tracebacks import format_exception, summarize

if TYPE_CHECKING:
    from taipan.scripts.webware.transaction import Transaction


class JSONRPCServlet(HTTPContent):
    """Calls the methods that `exposedMethods` names."""

    _debug = False
    #: GET requests are answered.
    _allowGet = False
    #: Answers can be evaluated by the script element of another site.
    _allowEval = False
    _id: Any = None

    def respondToGet(self, transaction: Transaction) -> None:
        if self._allowGet:
            super().respondToGet(transaction)
        else:
            self.writeError("GET method not allowed")

    def defaultAction(self) -> None:
        self.jsonCall()

    def actions(self) -> list[str]:
        return [*super().actions(), "jsonCall"]

    def exposedMethods(self) -> list[str]:
        """Names of methods that clients may call."""
        return []

    def writeError(self, msg: str) -> None:
        self.write(json.dumps({"id": self._id, "code": -1, "error": msg}))

    def writeResult(self, data: Any) -> None:
        text = json.dumps({"id": self._id, "result": data})
        if not self._allowEval:
            text = f'throw new Error("Direct evaluation not allowed");\n/*{text}*/'
        self.write(text)

    def jsonCall(self) -> None:
        """Calls the method that the body names."""
        self.response().setHeader("Content-Type", "application/json")
        try:
            data = json.loads(self.request().rawInput().read())
            self._id, call, params = data["id"], data["method"], data["params"]
        # Nested too deep.
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self.response().setStatus(400, "Bad Request")
            self.writeError(f"this is no call: {error!r}")
            return
        exposed = self.exposedMethods()
        if call == "system.listMethods":
            self.writeResult(list(exposed))
        elif call not in exposed:
            self.writeError(f"{call} is not an approved method")
        elif not hasattr(self, call):
            self.writeError(f"{call}, although an approved method, was not found")
        else:
            self._call(call, params)

    def _call(self, call: str, params: Any) -> None:
        method = getattr(self, call)
        try:
            if isinstance(params, list):
                result = method(*params)
            else:
                result = method(**params) if isinstance(params, dict) else method()
            self.writeResult(result)
        except Exception as error:
            self.log(format_exception(error))
            self.writeError(f"{call} was called, but encountered an error: {summarize(error)}")


class RPCServlet(HTTPServlet):
    """Has methods for programs."""

    def call(self, methodName: str, *args: Any, **keywords: Any) -> Any:
        """Calls a method. Raises `NotImplementedError` if it is not exposed."""
        if methodName not in self.exposedMethods():
            raise NotImplementedError(methodName)
        return getattr(self, methodName)(*args, **keywords)

    def exposedMethods(self) -> list[str]:
        return ["exposedMethods"]

    def resultForException(self, e: Exception, trans: Transaction) -> str:
        """What the client is told of an error."""
        return summarize(e)

    def transaction(self) -> Transaction:
        return self._transaction

    @staticmethod
    def sendOK(
        contentType: str,
        contents: str | bytes,
        trans: Transaction,
        contentEncoding: str | None = None,
    ) -> None:
        """Answers."""
        response = trans.response()
        response.setStatus(200, "OK")
        response.setHeader("Content-Type", contentType)
        if contentEncoding:
            response.setHeader("Content-Encoding", contentEncoding)
        response.write(contents)


class XMLRPCServlet(RPCServlet):
    """Calls the methods that `exposedMethods` names."""

    #: None can be part of an answer.
    allow_none = True

    def respondToPost(self, transaction: Transaction) -> None:
        """Calls the method that the body names."""
        # Its parser cannot be loaded in sub-interpreters of CPython 3.12.
        import xmlrpc.client

        try:
            params, method = xmlrpc.client.loads(transaction.request().rawInput().read())
        # Expat has errors of its own for bodies that are no XML.
        except Exception as error:
            transaction.response().setStatus(400, "Bad Request")
            transaction.response().write(f"this is no call: {type(error).__name__}")
            return
        try:
            result = self.call(str(method), *params)
            answer: Any = result if isinstance(result, tuple) else (result,)
            text = self._format(answer)
        except xmlrpc.client.Fault as fault:
            text = self._format(fault)
        except Exception as error:
            print(format_exception(error), file=sys.stderr)
            text = self._format(xmlrpc.client.Fault(1, self.resultForException(error, transaction)))
        self.sendOK("text/xml", text, transaction)

    def _format(self, answer: Any) -> str:
        import xmlrpc.client

        return xmlrpc.client.dumps(answer, methodresponse=True, allow_none=self.allow_none)
