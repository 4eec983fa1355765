import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

const APP = `
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%d %s" % (os.getpid(), environ["wsgi.multiprocess"])).encode()]
`

/** Runs a program that uses the library, until it ends, and returns its output parsed as JSON. */
async function run(program: string, folder: string): Promise<unknown> {
  const source = `
import { serve } from ${JSON.stringify(`${ROOT}dist/index.js`)}
const ask = async (server) => await (await fetch(server.urls[0], { headers: { connection: 'close' } })).text()
const listeners = () => process.eventNames().filter((name) => String(name).startsWith('SIG'))
const options = { app: 'app.py', bind: '127.0.0.1:0', engine: 'embedded' }
const own = process.pid
${program}`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', source],
    { cwd: folder, timeout: DEADLINE },
  )
  return JSON.parse(stdout)
}

test('one process is this one, each time, and its signal handlers stay unchanged', async () => {
  using project = createProject({ 'app.py': APP })
  const answers = await run(
    `
const answers = []
for (let i = 0; i < 3; i += 1) {
  const server = await serve(options)
  answers.push((await ask(server)) === own + ' False', listeners().length)
  await server.stop()
}
console.log(JSON.stringify(answers))`,
    project.folder,
  )
  expect(answers).toEqual([true, 0, true, 0, true, 0])
})

test('a request that holds the thread too long is reported on standard error meanwhile', async () => {
  using project = createProject({
    'app.py': `
import os, time
GO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "go")
def hold():
    while not os.path.exists(GO):
        time.sleep(0.01)
def application(environ, start_response):
    hold()
    start_response("200 OK", [])
    return [b"whole"]
`,
  })
  const source = `
import { serve } from ${JSON.stringify(`${ROOT}dist/index.js`)}
const timeouts = { request: '200ms' }
const server = await serve({ app: 'app.py', bind: '127.0.0.1:0', engine: 'embedded', timeouts })
const answer = await fetch(server.urls[0], { headers: { connection: 'close' } })
console.log(answer.status, await answer.text())
await server.stop()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE,
  })
  let errors = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
    if (errors.includes('in hold\n')) project.write('go', '')
  })
  await once(child, 'close')
  expect(output).toBe('200 whole\n')
  expect(errors).toMatch(
    /^request \S+ \(GET \/\) of application app\.py has held Node's thread for \d+ ms \(timeouts\.request\)\nStack \(most recent call last\):\n/m,
  )
})

test('several processes are others, and have ended after the stop', async () => {
  using project = createProject({ 'app.py': APP })
  const answers = await run(
    `
const server = await serve({ ...options, processes: 2 })
const answers = await Promise.all(Array.from({ length: 10 }, () => ask(server)))
const pids = [...new Set(answers.map((answer) => Number(answer.split(' ')[0])))]
await server.reload()
const signals = listeners().length
await server.stop()
const alive = pids.filter((pid) => { try { return process.kill(pid, 0) } catch { return false } })
console.log(JSON.stringify({ count: pids.length, own: pids.includes(own), flag: answers[0].split(' ')[1], signals, alive }))`,
    project.folder,
  )
  expect(answers).toEqual({ count: 2, own: false, flag: 'True', signals: 0, alive: [] })
})

test.each([1, 2])(
  '%i processes with an application that does not load reject',
  async (processes) => {
    using project = createProject({ 'app.py': 'raise RuntimeError("broken on purpose")\n' })
    const answer = await run(
      `
try {
  await serve({ ...options, processes: ${processes} })
} catch ({ code, message, cause }) {
  console.log(JSON.stringify({ code, message, cause }))
}`,
      project.folder,
    )
    expect(answer).toMatchObject({
      code: 'APPLICATION_LOAD',
      message: expect.stringMatching(
        /application app\.py could not be loaded: RuntimeError: broken/,
      ),
      cause: expect.stringContaining('app.py", line 1'),
    })
  },
)

test.each([
  ['an atexit handler', 'atexit.register(flood)', ''],
  [
    'a forked child',
    '',
    'child = os.fork()\n    if not child:\n        flood()\n        os._exit(0)\n    os.waitpid(child, 0)',
  ],
])('the output of %s is complete, however slowly it is read', async (_what, load, ask) => {
  using project = createProject({
    'app.py': `
import atexit, os
def flood():
    os.write(2, b"now\\n")
    for _ in range(300):
        print("f" * 10_000, flush=True)
${load}
def application(environ, start_response):
    ${ask || 'pass'}
    start_response("200 OK", [])
    return [b"ok"]
`,
  })
  // Writing creates Node's own stream, which makes the pipe non-blocking.
  const source = `
import { serve } from ${JSON.stringify(`${ROOT}dist/index.js`)}
console.log('begin')
const server = await serve({ app: 'app.py', bind: '127.0.0.1:0', engine: 'embedded' })
await fetch(server.urls[0], { headers: { connection: 'close' } })
process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE,
  })
  let errors = ''
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
    if (errors.includes('now\n') && child.stdout.listenerCount('data') === 0)
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        output += more
      })
  })
  await once(child, 'close')
  expect([output.split('f\n').length, errors]).toEqual([301, 'now\n'])
})

test('after a failed start of Python, the next attempt says so', async () => {
  // Used by our Python half at its start, but not by the interpreter that is examined before.
  const broken = 'import threading\nthreading.stack_size = None\n'
  using project = createProject({ 'app.py': APP, 'sitecustomize.py': broken })
  const errors = await run(
    `
process.env.PYTHONPATH = process.cwd()
const errors = []
for (let i = 0; i < 3; i += 1)
  await serve(options).catch(({ code, message }) => errors.push(code + ': ' + message))
console.log(JSON.stringify(errors))`,
    project.folder,
  )
  const first = /^PYTHON_NOT_EMBEDDABLE: Python .* started in this process but cannot work there/
  const later =
    /^PYTHON_NOT_EMBEDDABLE: Python could not be started in this process before, .*work there/
  expect(errors).toEqual([first, later, later].map((text) => expect.stringMatching(text)))
})

test('a daemon group besides an embedded one runs in worker processes of each replica', async () => {
  using project = createProject({ 'app.py': APP })
  const answer = await run(
    `
const server = await serve({
  bind: '127.0.0.1:0',
  groups: { inside: { engine: 'embedded', processes: 2 }, outside: { processes: 2, threads: 1 } },
  apps: { one: { target: 'app.py', group: 'inside' }, two: { target: 'app.py', group: 'outside' } },
  routes: [{ path: '/', app: 'one' }, { path: '/two', app: 'two' }],
})
const url = server.urls[0]
const pids = async (path) => {
  const texts = await Promise.all(Array.from({ length: 10 }, async () =>
    await (await fetch(url + path, { headers: { connection: 'close' } })).text()))
  return [...new Set(texts)]
}
const inside = await pids('/'), outside = await pids('/two')
await server.stop()
console.log(JSON.stringify({
  inside: inside.length,
  outside: outside.length,
  apart: !inside.some((one) => outside.includes(one)),
}))`,
    project.folder,
  )
  expect(answer).toEqual({ inside: 2, outside: 2, apart: true })
})
