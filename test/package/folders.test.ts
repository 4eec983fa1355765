import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

// The linter finds circles of files; these are circles of folders, imports for types and at run time included.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g

type Graph = ReadonlyMap<string, ReadonlySet<string>>

function readGraph(files: Iterable<readonly [file: string, text: string]>): Graph {
  const graph = new Map<string, Set<string>>()
  for (const [file, text] of files) {
    const folder = dirname(file)
    const known = graph.get(folder) ?? new Set()
    for (const [, target = ''] of text.matchAll(IMPORT)) known.add(dirname(join(folder, target)))
    graph.set(folder, known)
    known.delete(folder)
  }
  return graph
}

/** Folders that import each other in a circle; empty if none do. */
function findCircle(graph: Graph): readonly string[] {
  const done = new Set<string>()
  const visit = (folder: string, way: readonly string[]): readonly string[] => {
    const at = way.indexOf(folder)
    if (at >= 0) return [...way.slice(at), folder]
    if (done.has(folder)) return []
    for (const other of graph.get(folder) ?? []) {
      const circle = visit(other, [...way, folder])
      if (circle.length > 0) return circle
    }
    done.add(folder)
    return []
  }
  for (const folder of graph.keys()) {
    const circle = visit(folder, [])
    if (circle.length > 0) return circle
  }
  return []
}

test('folders import each other in one direction', () => {
  const entries = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  const paths = entries.filter((path) => path.endsWith('.ts')).map((path) => join('src', path))
  const graph = readGraph(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
  expect(graph.get('src/server')).toContain('src/server/config')
  expect(findCircle(graph)).toEqual([])
})

test('a circle over several folders is found', () => {
  const graph = readGraph([
    ['src/a/one.ts', "import { two } from '../b/two.ts'\nimport type { own } from './own.ts'"],
    ['src/b/two.ts', "const { three } =\n  await import('../c/three.ts')"],
    ['src/c/three.ts', "import type {\n  Four,\n} from '../a/four.ts'"],
  ])
  expect(findCircle(graph)).toEqual(['src/a', 'src/b', 'src/c', 'src/a'])
})
