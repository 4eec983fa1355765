import { closeSync, constants, openSync } from 'node:fs'
import { isatty } from 'node:tty'

const STANDARD_INPUT = 0

/** Calls `use` with a descriptor of the terminal that somebody types on, which is closed afterwards; undefined if there is none, or none is `wanted`. */
export function withTerminal<T>(wanted: boolean, use: (terminal: number | undefined) => T): T {
  const terminal = wanted && isatty(STANDARD_INPUT) ? openTerminal() : undefined
  try {
    return use(terminal)
  } finally {
    if (terminal !== undefined) closeSync(terminal)
  }
}

function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY)
  } catch {
    return undefined
  }
}
