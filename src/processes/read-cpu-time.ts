import { readFileSync } from 'node:fs'

// Linux tells times in ticks of 1/100 s to programs, whatever the kernel counts in.
const TICK_MS = 10
// After the name of the program, which may have spaces: proc_pid_stat(5), fields 14 and 15.
const USER = 11
const SYSTEM = 12

/** Time of a processor that a process has used, in ms; undefined when it has ended, and on systems that have no `/proc`. */
export function readCpuTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[USER]) + Number(fields[SYSTEM])) * TICK_MS
  } catch {
    return undefined
  }
}
