import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'

import { describe, expect, test } from 'vitest'

import { listChildren } from '../faults/fault-lab.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { app, createFolder, serve } from './command.ts'

const FIRST = new URL('../fixtures/programs/debugger-first.mjs', import.meta.url).href
const REFUSAL = '--disable-sigusr1'
// One after the other, because all servers would use Node's own port.
const ANY_PORT = '--inspect-port=0'
const APP = app(
  `path = environ["PATH_INFO"]
if path == "/send":
    import signal
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.1)
return str(os.getpid())`,
)

/** Whether the port in Node's line about the debugger accepts connections. */
async function accepts(output: string): Promise<boolean> {
  const port = Number(/Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1])
  expect(port).toBeGreaterThan(0)
  return await new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
  })
}

describe.each(['daemon', 'embedded'])('SIGUSR1, engine %s', (engine) => {
  test('opens no debugger in any process', async () => {
    await using folder = await createFolder({ 'app.py': APP })
    const environment = { NODE_OPTIONS: ANY_PORT }
    await using taipan = serve(folder, ['app.py', '-e', engine, '-p', '2'], environment)
    const url = await taipan.waitForUrl()
    const before = await listChildren(taipan.pid)
    expect(before).toHaveLength(2)
    const refuses = engine === 'embedded' && process.allowedNodeEnvironmentFlags.has(REFUSAL)
    for (const pid of before)
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(REFUSAL)).toBe(refuses)
    for (const pid of [taipan.pid, ...before]) process.kill(pid, 'SIGUSR1')
    for (let i = 0; i < 4; i++) {
      // Processes are replaced at this signal.
      expect(Number((await fetchRaw(url, '/send')).text)).toBeGreaterThan(0)
    }
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(taipan.output).not.toContain('Debugger')
  })
})

test('a handler of the application for SIGUSR1 is called', async () => {
  const before =
    'import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print("their handler", flush=True))'
  await using folder = await createFolder({ 'app.py': app('return str(os.getpid())', before) })
  await using taipan = serve(folder, ['app.py', '-p', '1'])
  process.kill(Number((await fetchRaw(await taipan.waitForUrl(), '/')).text), 'SIGUSR1')
  await taipan.waitForOutput(/their handler/)
})

test('a debugger that SIGUSR1 opened before the command was loaded is closed', async () => {
  await using folder = await createFolder({ 'app.py': APP })
  const environment = { NODE_OPTIONS: `${ANY_PORT} --import=${FIRST}` }
  await using taipan = serve(folder, ['app.py', '-p', '1'], environment)
  await taipan.waitForUrl()
  expect(await accepts(taipan.output)).toBe(false)
})

test('a debugger that an option asked for stays', async () => {
  await using folder = await createFolder({ 'app.py': APP })
  await using taipan = serve(folder, ['app.py', '-p', '1'], { NODE_OPTIONS: '--inspect=0' })
  await taipan.waitForUrl()
  await taipan.waitForOutput(/Debugger listening/)
  expect(await accepts(taipan.output)).toBe(true)
})
