import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { expect, test } from 'vitest'

import { createSignaller, endGroup, terminate } from '../../src/processes/terminate.ts'

async function startShell(script: string) {
  const child = spawn('python3', ['-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const exit = once(child, 'exit')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const calls: string[] = []
  const target = {
    pid: child.pid ?? 0,
    exited: exit.then(() => undefined),
    askToStop: () => {
      calls.push('ask')
      child.stdin.end()
    },
    beforeForce: () => void calls.push('force'),
  }
  return { target, calls, exit, line: String(line).trim() }
}

test('asks a process to stop, without force if it does', async () => {
  const { target, calls, exit } = await startShell('print(1, flush=True); input()')
  expect(await terminate(createSignaller(target.pid), { ...target, grace: 5000 })).toBe('none')
  expect(calls).toEqual(['ask'])
  expect(await exit).toEqual([1, null])
})

test('sends SIGTERM to a process that does not stop when asked', async () => {
  const script = 'import time; print(1, flush=True); time.sleep(60)'
  const { target, calls, exit } = await startShell(script)
  expect(await terminate(createSignaller(target.pid), { ...target, grace: 50 })).toBe('SIGTERM')
  expect(calls).toEqual(['ask', 'force'])
  expect(await exit).toEqual([null, 'SIGTERM'])
})

test('kills a process that ignores SIGTERM, and its children', async () => {
  const script = [
    'import signal, subprocess, time',
    'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
    'print(subprocess.Popen(["sleep", "60"]).pid, flush=True)',
    'time.sleep(60)',
  ].join('\n')
  const { target, exit, line } = await startShell(script)
  expect(await terminate(createSignaller(target.pid), { ...target, grace: 10 })).toBe('SIGKILL')
  expect(await exit).toEqual([null, 'SIGKILL'])
  await expect.poll(() => isRunning(Number(line)), { timeout: 5000 }).toBe(false)
})

test('ends what remains in the group of an ended process, with force if necessary', async () => {
  const script = [
    'import signal, subprocess',
    'quiet = subprocess.Popen(["sleep", "60"])',
    'stubborn = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))',
    'print(f"{quiet.pid} {stubborn.pid}", flush=True)',
  ].join('\n')
  const { target, exit, line } = await startShell(script)
  await exit
  const children = line.split(' ').map(Number)
  expect(children.map(isRunning)).toEqual([true, true])
  await endGroup(target.pid)
  for (const child of children)
    await expect.poll(() => isRunning(child), { timeout: 5000 }).toBe(false)
})

test('leaves a group alone if its number belongs to a new process', async () => {
  const { target, exit } = await startShell('print(1, flush=True); input()')
  await endGroup(target.pid)
  target.askToStop()
  expect(await exit).toEqual([1, null])
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
