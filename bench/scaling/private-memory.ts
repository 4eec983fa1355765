import { readFileSync } from 'node:fs'
import { listTree } from '../measure/process-tree.ts'

/** Bytes that the process has for itself alone. */
export function readPrivateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const parts = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)]
  return parts.reduce((sum, [, size]) => sum + Number(size) * 1024, 0)
}

/** Processes of the tree of a server that run Python. */
export function listPythons(server: number): readonly number[] {
  return listTree(server).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('taipan.worker')
    } catch {
      return false
    }
  })
}
