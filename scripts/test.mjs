// npm test: installs what the tests need, builds, and runs all tests.
// Paths of Python tests go to pytest, all other arguments to vitest; with arguments only the named runner runs.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { pythonFlags, pythonReportFlags, reportCoverage, vitestFlags } from './coverage.mjs'
import { root, say, setUpNode } from './setup-node.mjs'
import { setUpPython, testPython } from './setup-python.mjs'

const args = process.argv.slice(2)
const pythonArgs = args.filter((arg) => /^(python\b|.*\.py\b)/.test(arg))
const nodeArgs = args.filter((arg) => !pythonArgs.includes(arg))
const isMeasured = args.length === 0 && process.env['CI'] !== undefined

setUpNode()
setUpPython()

const results = []
if (args.length === 0 || pythonArgs.length > 0) {
  say('running the Python tests')
  const paths = pythonArgs.length > 0 ? pythonArgs : ['python/tests']
  results.push(run(testPython, ...(isMeasured ? pythonFlags() : []), '-m', 'pytest', ...paths))
  if (isMeasured) results.push(run(testPython, ...pythonReportFlags))
}
if (args.length === 0 || nodeArgs.length > 0) {
  say('running the TypeScript tests')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const flags = isMeasured ? vitestFlags : []
  results.push(run(process.execPath, vitest, 'run', ...flags, ...nodeArgs))
}
if (isMeasured) results.push(reportCoverage())
process.exitCode = results.find((status) => status !== 0) ?? 0

function run(command, ...words) {
  const { status } = spawnSync(command, words, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TAIPAN_TEST_BUILT: '1', TAIPAN_TEST_PYTHON: testPython },
  })
  return status ?? 1
}
