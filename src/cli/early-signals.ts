import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const

/** Gives PID 1 the default actions of signals, which the kernel denies it: without a handler they do nothing. */
export function endAtSignals(): void {
  for (const signal of SIGNALS) process.on(signal, end)
}

/** After the handlers of a server have been installed. */
export function removeEarlyHandlers(): void {
  for (const signal of SIGNALS) process.off(signal, end)
}

function end(signal: (typeof SIGNALS)[number]): void {
  process.exit(128 + constants.signals[signal])
}
