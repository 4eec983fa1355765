import { closeSync, constants, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/** The terminal that a command was started from, if there is one. */
export interface Terminal {
  /**
   * Whether SIGHUP tells its end, rather than asking for a reload. With `dev` it always does, as shells also send it before
   * the terminal closes. Otherwise only once that is closed, and if input or output goes there: `nohup` takes them away
   * from a program that shall live on.
   */
  hangsUp(): boolean
  /** Takes input and output away from a closed terminal, because Node aborts at its exit when it cannot reset one. */
  release(): void
}

/** Finds the terminal of this process, which must not be closed yet. */
export function findTerminal({ dev }: { readonly dev: boolean }): Terminal {
  const exists = isThere()
  const streams = [0, 1, 2].filter((fd) => isatty(fd))
  return {
    hangsUp: () => exists && (dev || (streams.length > 0 && !isThere())),
    release: () => {
      if (exists && !isThere()) for (const fd of streams) empty(fd)
    },
  }
}

/** A terminal that is closed is taken from all processes of its session, which then cannot open it any more. */
function isThere(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK))
    return true
  } catch {
    return false
  }
}

/** Gets the same number again, which is the lowest that is free. */
function empty(fd: number): void {
  closeSync(fd)
  openSync('/dev/null', 'r+')
}
