import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { isRunning } from '../faults/fault-lab.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { app, createFolder } from './command.ts'
import { InTerminal } from './in-terminal.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const SERVE = ['serve', 'app.py', '-b', '127.0.0.1:0', '-p', '1']
const FILES = {
  'app.py': app('return "%d %d" % (os.getpid(), os.getppid())'),
  'package.json': JSON.stringify({ scripts: { dev: `${MAIN} ${SERVE.join(' ')} --dev` } }),
}

/** Ids of the process with Python, and of the server that has started it. */
async function listProcesses(url: string): Promise<number[]> {
  return (await fetchRaw(url, '/')).text.split(' ').map(Number)
}

async function waitForEnds(pids: readonly number[]): Promise<void> {
  for (const pid of pids)
    await pollUntil(async () => ((await isRunning(pid)) ? undefined : true), `the end of ${pid}`)
}

describe('a terminal that is closed', () => {
  test.each([
    ['--dev', [MAIN, ...SERVE, '--dev']],
    ['--dev, embedded', [MAIN, ...SERVE, '--dev', '-e', 'embedded']],
    ['without --dev', [MAIN, ...SERVE]],
  ])('ends %s gracefully, with all processes', async (_name, words) => {
    await using folder = await createFolder(FILES)
    using terminal = new InTerminal(words, folder.path)
    const pids = await listProcesses(await terminal.find(/listening on (\S+)/))
    terminal.close()
    expect(await terminal.find(/ended with (\S+)/)).toBe('0')
    await waitForEnds(pids)
  })

  test('ends --dev below npm, which ends first', async () => {
    await using folder = await createFolder(FILES)
    using terminal = new InTerminal(['npm', 'run', 'dev'], folder.path)
    const pids = await listProcesses(await terminal.find(/listening on (\S+)/))
    terminal.close()
    await terminal.find(/ended with (\S+)/)
    await waitForEnds(pids)
  })

  test('ends --dev that runs in the background of a shell', async () => {
    await using folder = await createFolder(FILES)
    const job = `${MAIN} ${SERVE.join(' ')} --dev & wait`
    using terminal = new InTerminal(['bash', '-ic', job], folder.path)
    const pids = await listProcesses(await terminal.find(/listening on (\S+)/))
    terminal.close()
    await waitForEnds(pids)
  })

  test('leaves a server under nohup alone', async () => {
    await using folder = await createFolder(FILES)
    const job = `nohup ${MAIN} ${SERVE.join(' ')} >log 2>&1 & tail -F log`
    using terminal = new InTerminal(['bash', '-c', job], folder.path)
    const url = await terminal.find(/listening on (\S+)/)
    const [, server = 0] = await listProcesses(url)
    try {
      terminal.close()
      await terminal.find(/ended with (\S+)/)
      process.kill(server, 'SIGHUP')
      const again = await pollUntil(async () => {
        const [worker] = await listProcesses(url)
        return worker
      }, 'an answer')
      expect(again).toBeGreaterThan(0)
      expect(await isRunning(server)).toBe(true)
    } finally {
      process.kill(server, 'SIGTERM')
    }
    await waitForEnds([server])
  })
})
