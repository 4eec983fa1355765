// npm run check:python: ruff and mypy over the Python half, ruff over the examples.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { root } from './setup-node.mjs'
import { programs, setUpPython } from './setup-python.mjs'

setUpPython()

const tools = [
  ['ruff', 'check', '.', '../examples'],
  ['ruff', 'format', '--check', '.', '../examples'],
  ['mypy'],
]
const results = tools.map(([tool, ...words]) => {
  const options = { cwd: join(root, 'python'), stdio: ['ignore', 'inherit', 'inherit'] }
  return spawnSync(join(programs, tool), words, options).status ?? 1
})
process.exitCode = results.find((status) => status !== 0) ?? 0
