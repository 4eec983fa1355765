import inspector from 'node:inspector'

// Loaded before anything else in processes of ours. Node opens its debugger at SIGUSR1, to which any local user may connect.
process.on('SIGUSR1', () => {})
closeDebugger()
// Node passes a signal on through a thread: one that came earlier may open it only now.
setTimeout(closeDebugger, 1000).unref()

/** Closes a debugger that a signal has opened while Node started; one that was asked for by an option stays. */
function closeDebugger(): void {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  const wanted = words.some((word) => /^--inspect(-brk|-wait)?(=|$)/.test(word))
  if (!wanted && inspector.url() !== undefined) inspector.close()
}
