// Reports how much of each room of src/ the tests run in their own process; less than the floor fails.
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { root } from './setup-node.mjs'

const FLOORS = 'test/coverage-floor.json'
// A room that is this far above its floor should raise it.
const RISE = 1

/** Prints the coverage of the last run; returns the exit code. */
export function reportCoverage() {
  const rooms = measureRooms()
  const floors = JSON.parse(readFileSync(join(root, FLOORS), 'utf8'))
  const lines = []
  const fallen = []
  for (const room of Object.keys({ ...floors, ...rooms })) {
    const percent = rooms[room] ?? 0
    const floor = floors[room] ?? 0
    const isLess = percent < floor
    if (isLess) fallen.push(room)
    const note = isLess
      ? `less than the ${floor} of ${FLOORS}: add tests`
      : percent >= floor + RISE
        ? `raise the ${floor} of ${FLOORS}`
        : ''
    lines.push(`  ${room.padEnd(12)}${percent.toFixed(1).padStart(6)} %  ${note}`.trimEnd())
  }
  process.stdout.write(`\nlines of src/ that the tests ran:\n${lines.join('\n')}\n`)
  return fallen.length === 0 ? 0 : 1
}

function measureRooms() {
  const summary = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'))
  const counts = {}
  for (const [path, { lines }] of Object.entries(summary)) {
    const [folder, room, file] = relative(root, path).split('/')
    if (folder !== 'src' || file === undefined) continue
    const { covered = 0, total = 0 } = counts[room] ?? {}
    counts[room] = { covered: covered + lines.covered, total: total + lines.total }
  }
  const figures = Object.entries(counts).map(([room, { covered, total }]) => [
    room,
    Math.floor((1000 * covered) / Math.max(1, total)) / 10,
  ])
  return Object.fromEntries(figures)
}
