import inspector from 'node:inspector'

// Must be imported before anything else: at SIGUSR1 Node opens a debugger port that every local user can connect to.
process.on('SIGUSR1', () => {})
closeDebugger()
// Node handles signals in another thread, so an earlier signal may open the port only now.
setTimeout(closeDebugger, 1000).unref()

/** Closes a debugger that SIGUSR1 opened while Node started; one that an option asked for stays. */
function closeDebugger(): void {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  const wanted = words.some((word) => /^--inspect(-brk|-wait)?(=|$)/.test(word))
  if (!wanted && inspector.url() !== undefined) inspector.close()
}
