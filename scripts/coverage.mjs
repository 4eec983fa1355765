// Line coverage of each room; less than the floor fails.
// Node is measured in the processes of the tests and in those that they start, Python in the process of pytest alone.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { addChildren, prepareNotes } from './child-coverage.mjs'
import { readText, root } from './setup-node.mjs'

const FLOORS = 'test/coverage-floor.json'
// Timing moves a figure by less; a room that has so much more than its floor should raise it.
const RISE = 3

const VITEST_FOLDER = 'coverage/src'
const PYTHON_DATA = 'coverage/python/data'
const PYTHON_REPORT = 'coverage/python/coverage.json'

/** Flags that make vitest measure coverage, and the environment that makes the processes it starts do so. */
export function measureVitest() {
  return {
    flags: ['--coverage.enabled', `--coverage.reportsDirectory=${VITEST_FOLDER}`],
    environment: prepareNotes(process.env),
  }
}

/** Flags that make Python measure the module that follows. */
export function pythonFlags() {
  mkdirSync(join(root, 'coverage/python'), { recursive: true })
  return ['-m', 'coverage', 'run', '--source=taipan', `--data-file=${PYTHON_DATA}`]
}

/** Flags that make Python write its report. */
export const pythonReportFlags =
  `-m coverage json --quiet --data-file=${PYTHON_DATA} -o ${PYTHON_REPORT}`.split(' ')

const HALVES = [
  { folder: 'src', report: `${VITEST_FOLDER}/coverage-final.json`, listFiles: listOfVitest },
  { folder: 'python/taipan', report: PYTHON_REPORT, listFiles: listOfPython },
]

/** Prints the figures of the last run of both halves; returns the exit code. */
export function reportCoverage() {
  const floors = JSON.parse(readFileSync(join(root, FLOORS), 'utf8'))
  const isEnough = HALVES.map((half) => reportHalf(half, floors[half.folder]))
  return isEnough.every(Boolean) ? 0 : 1
}

function reportHalf({ folder, report, listFiles }, floors) {
  process.stdout.write(`\nlines of ${folder}/ that the tests ran:\n`)
  const text = readText(join(root, report))
  if (text === '') {
    process.stdout.write(`  unknown: the tests ended without ${report}\n`)
    return false
  }
  const rooms = measureRooms(folder, listFiles(JSON.parse(text)))
  const fallen = Object.keys({ ...floors, ...rooms }).filter(
    (room) => !reportRoom(room, rooms[room] ?? 0, floors[room] ?? 0),
  )
  return fallen.length === 0
}

function reportRoom(room, percent, floor) {
  const isEnough = percent >= floor
  const note = !isEnough
    ? `less than the ${floor} of ${FLOORS}: add tests`
    : percent >= floor + RISE
      ? `raise the ${floor} of ${FLOORS}`
      : ''
  process.stdout.write(`  ${room.padEnd(12)}${percent.toFixed(1).padStart(6)} %  ${note}`.trimEnd())
  process.stdout.write('\n')
  return isEnough
}

function listOfVitest(files) {
  addChildren(files)
  return Object.values(files).map(({ path, statementMap, s: counts }) => {
    const lines = new Map()
    for (const [id, { start }] of Object.entries(statementMap))
      lines.set(start.line, lines.get(start.line) || counts[id] > 0)
    const covered = [...lines.values()].filter(Boolean).length
    return { path: relative(root, path), covered, total: lines.size }
  })
}

function listOfPython({ files }) {
  return Object.entries(files).map(([path, { summary }]) => ({
    path,
    covered: summary.covered_lines,
    total: summary.num_statements,
  }))
}

function measureRooms(folder, files) {
  const counts = {}
  for (const { path, covered, total } of files) {
    const [first, second] = relative(folder, path).split('/')
    // Modules beside the rooms are one.
    const count = (counts[second === undefined ? '.' : first] ??= { covered: 0, total: 0 })
    count.covered += covered
    count.total += total
  }
  const figures = Object.entries(counts)
    .filter(([, { total }]) => total > 0)
    .map(([room, { covered, total }]) => [room, Math.floor((1000 * covered) / total) / 10])
  return Object.fromEntries(figures)
}
