// Line coverage of the Node processes that tests start; they run dist/, and vitest measures src/.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join, relative } from 'node:path'

import { root } from './setup-node.mjs'

const FOLDER = join(root, 'coverage/children')
const RECORDER = new URL('./record-coverage.mjs', import.meta.url).href

/** Empties the folder of notes; returns the variables that make Node processes write theirs there. */
export function prepareNotes({ NODE_OPTIONS = '' }) {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  // Some servers go on as other users.
  chmodSync(FOLDER, 0o1777)
  return { NODE_OPTIONS: `${NODE_OPTIONS} --import=${RECORDER}`.trim() }
}

/** Counts those statements of vitest's report that ran in one of the processes. */
export function addChildren(files) {
  const products = new Map(Object.values(files).map((file) => [productOf(file), file]))
  const waiting = new Map()
  for (const name of readdirSync(FOLDER).filter((one) => one.endsWith('.json'))) {
    const notes = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    for (const [product, gaps] of Object.entries(notes)) {
      const file = products.get(product)
      if (file === undefined) continue
      const missing = waiting.get(product) ?? findMissing(product, file)
      const left = missing.filter(({ offset }) => isWithin(gaps, offset))
      for (const { id } of missing.filter((one) => !left.includes(one))) file.s[id] = 1
      waiting.set(product, left)
    }
  }
}

function productOf({ path }) {
  return relative(join(root, 'src'), path).replace(/\.ts$/, '.js')
}

/** Statements that have not run in vitest, with their places in the product. */
function findMissing(product, { s: counts, statementMap }) {
  const path = join(root, 'dist', product)
  if (!existsSync(path)) return []
  const offsets = mapPositions(path)
  return Object.keys(counts)
    .filter((id) => counts[id] === 0)
    .map((id) => ({ id, offset: offsets.get(keyOf(statementMap[id].start)) }))
    .filter(({ offset }) => offset !== undefined)
}

/** Where in a product what begins at a line and column of its source is. */
function mapPositions(path) {
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')))
  const offsets = new Map()
  let first = 0
  for (const [line, text] of readFileSync(path, 'utf8').split('\n').entries()) {
    for (let column = 0; column < text.length; column += 1) {
      const entry = map.findEntry(line, column)
      if (entry.generatedLine !== line || entry.generatedColumn !== column) continue
      const key = keyOf({ line: entry.originalLine + 1, column: entry.originalColumn })
      if (!offsets.has(key)) offsets.set(key, first + column)
    }
    first += text.length + 1
  }
  return offsets
}

function keyOf({ line, column }) {
  return `${line}:${column}`
}

function isWithin(gaps, offset) {
  return gaps.some(([start, end]) => start <= offset && offset < end)
}
