import { readFileSync } from 'node:fs'

const KIBIBYTE = 1024

/** Resident memory of a process in bytes; undefined when it has ended, and on systems that have no `/proc`. */
export function readMemory(pid: number): number | undefined {
  try {
    const [, kibibytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return kibibytes === undefined ? undefined : Number(kibibytes) * KIBIBYTE
  } catch {
    return undefined
  }
}
