/** Exit code of a child that returned to the server. */
export const ENDED = 70

/** Source of `fork(way)` for an application: returns the exit code of a child that returns like the application itself, or ends as `way` says. */
export const FORK = `
import asyncio, os
def fork(way):
    child = os.fork()
    if child:
        return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if way == "raise":
        raise ValueError("in the child")
    if way == "exit":
        raise SystemExit(3)
    if way == "leave":
        asyncio.run(asyncio.to_thread(print))
        os._exit(4)
    return "from the child"
`
