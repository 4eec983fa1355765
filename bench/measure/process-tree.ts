import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Index of fields in `/proc/PID/stat` after the name of the program; proc(5) counts from 1, and field 3 has index 0 here. */
const PARENT = 1
const CPU_TIMES = [11, 12, 13, 14] as const
const START_TIME = 19

const microsecondsPerTick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** The process and all its running descendants. */
export function listTree(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    const parent = Number.isInteger(pid) ? Number(readStat(pid)?.[PARENT]) : Number.NaN
    if (Number.isNaN(parent)) continue
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  const tree: number[] = []
  const rest = readStat(root) === undefined ? [] : [root]
  for (let pid = rest.pop(); pid !== undefined; pid = rest.pop()) {
    tree.push(pid)
    rest.push(...(children.get(pid) ?? []))
  }
  return tree
}

/** CPU time of the tree, user and system, in microseconds, including children that have ended. */
export function readCpuTime(root: number): number {
  let ticks = 0
  for (const pid of listTree(root)) {
    const stat = readStat(pid)
    for (const field of CPU_TIMES) ticks += Number(stat?.[field] ?? 0)
  }
  return ticks * microsecondsPerTick
}

/** Proportional set size of the tree in bytes: shared memory counts once. */
export function readMemory(root: number): number {
  let bytes = 0
  for (const pid of listTree(root)) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readProcessFile(pid, 'smaps_rollup') ?? '')?.[1]
    bytes += Number(pss ?? 0) * 1024
  }
  return bytes
}

/** Resident set size of the tree in bytes: shared memory counts in each process. */
export function readResidentMemory(root: number): number {
  let bytes = 0
  for (const pid of listTree(root)) {
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readProcessFile(pid, 'status') ?? '')?.[1]
    bytes += Number(rss ?? 0) * 1024
  }
  return bytes
}

/** Number of open file descriptors of the tree. */
export function countDescriptors(root: number): number {
  return listTree(root).reduce((sum, pid) => sum + readFolder(`/proc/${pid}/fd`).length, 0)
}

/** Start time of the process in clock ticks; undefined if it has ended. Together with the pid it identifies a process. */
export function readStartTime(pid: number): string | undefined {
  return readStat(pid)?.[START_TIME]
}

function readStat(pid: number): readonly string[] | undefined {
  const text = readProcessFile(pid, 'stat')
  // The name may contain blanks and parentheses; it ends at the last one.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readProcessFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined
  }
}
