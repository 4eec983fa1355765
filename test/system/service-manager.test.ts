import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PYTHON } from '../applications/support/site.ts'
import { runTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, type Project } from '../support/project.ts'

/** Prints what comes to a datagram socket as systemd has it, one message a line. */
const LISTENER = `
import json, socket, sys
address = sys.argv[1]
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind("\\0" + address[1:] if address[0] == "@" else address)
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(end.recv(65536).decode()), flush=True)
`

const APP = `
import os, time
if os.path.exists("broken"):
    raise RuntimeError("broken")
def application(environ, start_response):
    start_response("200 OK", [])
    names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
    return [repr([name for name in names if name in os.environ]).encode()]
`

interface Manager {
  readonly messages: readonly string[]
  waitFor(pattern: RegExp, from?: number): Promise<string>
}

async function listen(address: string): Promise<Manager> {
  const child = spawn(PYTHON, ['-c', LISTENER, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const messages: string[] = []
  createInterface(child.stdout).on('line', (line) => messages.push(String(JSON.parse(line))))
  const waitFor = async (pattern: RegExp, from = 0): Promise<string> => {
    const find = () => messages.slice(from).find((message) => pattern.test(message))
    await expect.poll(find, { timeout: DEADLINE }).toBeDefined()
    return find() ?? ''
  }
  await waitFor(/bound/)
  return { messages, waitFor }
}

async function start(project: Project, env: Record<string, string>): Promise<RunningTaipan> {
  const args = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON]
  return await startTaipan(args, { cwd: project.folder, env })
}

describe.skipIf(process.platform !== 'linux')('systemd is told', () => {
  test('of readiness, reloads with their time, and the stop', async () => {
    using project = createProject({ 'app.py': APP })
    const address = project.path('notify.sock')
    const manager = await listen(address)
    await using server = await start(project, { NOTIFY_SOCKET: address })
    expect(await manager.waitFor(/READY/)).toBe(`READY=1\nSTATUS=listening on ${server.url}`)
    expect(await (await fetch(server.url)).text()).toBe('[]')

    const before = process.hrtime.bigint() / 1000n
    server.kill('SIGHUP')
    const reloading = await manager.waitFor(/RELOADING/)
    const [, time = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\n/.exec(reloading) ?? []
    expect(BigInt(time)).toBeGreaterThanOrEqual(before)
    await manager.waitFor(/READY=1\nSTATUS=serving/)

    const seen = manager.messages.length
    project.write('broken', '')
    server.kill('SIGHUP')
    await manager.waitFor(/RELOADING/, seen)
    // The old code serves on.
    await manager.waitFor(/READY/, seen)
    expect((await fetch(server.url)).status).toBe(200)

    await server.stop()
    await manager.waitFor(/^STOPPING=1/)
    expect(manager.messages.at(-1)).toMatch(/^STOPPING=1/)
  })

  test('of reloads that nobody has signalled', async () => {
    using project = createProject({ 'app.wsgi': APP })
    const address = project.path('notify.sock')
    const manager = await listen(address)
    const control = ['--control', 'unix:control.sock']
    const args = ['app.wsgi', '-b', '127.0.0.1:0', '--python', PYTHON, ...control]
    const given = { cwd: project.folder, env: { NOTIFY_SOCKET: address } }
    await using server = await startTaipan(args, given)
    await manager.waitFor(/READY/)
    const seen = manager.messages.length
    const asked = await runTaipan(['reload', ...control], { cwd: project.folder })
    expect(asked.exitCode).toBe(0)
    await manager.waitFor(/^READY=1\nSTATUS=serving/, seen)
    expect(manager.messages[seen]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=/)

    const later = manager.messages.length
    project.write('app.wsgi', `${APP}\n# changed\n`)
    await fetch(server.url)
    await manager.waitFor(/^READY=1\nSTATUS=serving/, later)
    expect(manager.messages[later]).toMatch(/^RELOADING=1/)
  })

  test.each(['daemon', 'embedded'])('of changed files, %s', async (engine) => {
    using project = createProject({ 'app.py': APP })
    const address = project.path('notify.sock')
    const manager = await listen(address)
    const args = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '--reload', '-e', engine]
    await using server = await startTaipan(args, {
      cwd: project.folder,
      env: { NOTIFY_SOCKET: address },
    })
    await manager.waitFor(/READY/)
    const seen = manager.messages.length
    project.write('app.py', `${APP}\n# changed\n`)
    await manager.waitFor(/^READY=1\nSTATUS=serving/, seen)
    expect(manager.messages[seen]).toMatch(/^RELOADING=1/)
    expect((await fetch(server.url)).status).toBe(200)
  })

  test('that it lives, at an abstract address', async () => {
    using project = createProject({ 'app.py': APP })
    const address = `@taipan-test-${process.pid}`
    const manager = await listen(address)
    await using server = await start(project, { NOTIFY_SOCKET: address, WATCHDOG_USEC: '200000' })
    await manager.waitFor(/WATCHDOG/)
    const seen = manager.messages.length
    await manager.waitFor(/^WATCHDOG=1$/, seen)
    expect(await (await fetch(server.url)).text()).toBe('[]')
  })

  test('nothing about another process', async () => {
    using project = createProject({ 'app.py': APP })
    const manager = await listen(project.path('n.sock'))
    const env = { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1', NOTIFY_SOCKET: project.path('n.sock') }
    await using server = await start(project, env)
    await manager.waitFor(/READY/)
    await server.stop()
    await manager.waitFor(/STOPPING/)
    expect(manager.messages.filter((message) => message.includes('WATCHDOG'))).toEqual([])
  })

  test('nothing at an address that is none, which the log says', async () => {
    using project = createProject({ 'app.py': APP })
    await using server = await start(project, { NOTIFY_SOCKET: 'vsock:2:1234' })
    expect(server.output).toMatch(/NOTIFY_SOCKET: systemd is told nothing: vsock:2:1234 is no path/)
  })
})
