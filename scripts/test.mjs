// npm test: installs what the tests need, builds, and runs all tests.
// Both runners run beside each other. Paths of Python tests go to pytest, all other arguments to vitest; with arguments only the named runner runs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { measureVitest, pythonFlags, pythonReportFlags, reportCoverage } from './coverage.mjs'
import { root, say, setUpNode } from './setup-node.mjs'
import { setUpPython, testPython } from './setup-python.mjs'

const args = process.argv.slice(2)
const pythonArgs = args.filter((arg) => /^(python\b|.*\.py\b)/.test(arg))
const nodeArgs = args.filter((arg) => !pythonArgs.includes(arg))
const isMeasured = args.length === 0 && process.env['CI'] !== undefined

setUpNode()
setUpPython()

const results = await Promise.all([
  args.length === 0 || pythonArgs.length > 0 ? runPythonTests() : 0,
  args.length === 0 || nodeArgs.length > 0 ? runNodeTests() : 0,
])
if (isMeasured) results.push(reportCoverage())
process.exitCode = results.find((status) => status !== 0) ?? 0

async function runNodeTests() {
  say('running the TypeScript tests')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { flags, environment } = isMeasured ? measureVitest() : { flags: [], environment: {} }
  const words = [process.execPath, vitest, 'run', ...flags, ...nodeArgs]
  return await run(words, 'inherit', environment)
}

/** pytest uses one processor; its output follows when it has ended. */
async function runPythonTests() {
  say('running the Python tests')
  const paths = pythonArgs.length > 0 ? pythonArgs : ['python/tests']
  const flags = isMeasured ? pythonFlags() : []
  const output = args.length === 0 ? 'pipe' : 'inherit'
  const status = await run([testPython, ...flags, '-m', 'pytest', ...paths], output)
  const reported = isMeasured ? await run([testPython, ...pythonReportFlags], output) : 0
  return status === 0 ? reported : status
}

/** Resolves with the exit code; writes what came through a pipe in one piece. */
async function run([command, ...words], output, environment = {}) {
  const child = spawn(command, words, {
    cwd: root,
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      ...environment,
      TAIPAN_TEST_BUILT: '1',
      TAIPAN_TEST_PYTHON: testPython,
    },
  })
  const pieces = []
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece) => pieces.push(piece))
  const [status] = await once(child, 'close')
  process.stdout.write(Buffer.concat(pieces))
  return status ?? 1
}
