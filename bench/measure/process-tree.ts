import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Fields of `/proc/PID/stat` behind the name of the program; proc(5) counts from 1 and the third comes first here. */
const PARENT = 1
const CPU_TIMES = [11, 12, 13, 14] as const
const START_TIME = 19

const microsecondsPerTick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** The process and all its descendants that live. */
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

/** CPU time that the tree has used, user and system, in microseconds; children that ended and were waited for are in it. */
export function readCpuTime(root: number): number {
  let ticks = 0
  for (const pid of listTree(root)) {
    const stat = readStat(pid)
    for (const field of CPU_TIMES) ticks += Number(stat?.[field] ?? 0)
  }
  return ticks * microsecondsPerTick
}

/** Proportional set size of the tree in bytes: memory shared by several processes counts once in all. */
export function readMemory(root: number): number {
  let bytes = 0
  for (const pid of listTree(root)) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readProcessFile(pid, 'smaps_rollup') ?? '')?.[1]
    bytes += Number(pss ?? 0) * 1024
  }
  return bytes
}

/** Resident set size of the tree in bytes; memory shared by several processes counts in each. */
export function readResidentMemory(root: number): number {
  let bytes = 0
  for (const pid of listTree(root)) {
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readProcessFile(pid, 'status') ?? '')?.[1]
    bytes += Number(rss ?? 0) * 1024
  }
  return bytes
}

/** File descriptors that the processes of the tree have open. */
export function countDescriptors(root: number): number {
  return listTree(root).reduce((sum, pid) => sum + readFolder(`/proc/${pid}/fd`).length, 0)
}

/** When the process started, as the kernel counts; undefined when it does not live. With the pid it names one process for ever. */
export function readStartTime(pid: number): string | undefined {
  return readStat(pid)?.[START_TIME]
}

function readStat(pid: number): readonly string[] | undefined {
  const text = readProcessFile(pid, 'stat')
  // The name may hold blanks and parentheses; the last one ends it.
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
