import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { DEADLINE } from '../support/deadlines.ts'

// Outside of `npm test` the script might build again while other tests use the build.
describe.skipIf(process.env['TAIPAN_TEST_BUILT'] !== '1')('npm start', () => {
  let child: ChildProcess
  let output = ''

  const start = (...args: string[]): void => {
    output = ''
    child = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
  }
  afterEach(() => {
    child.kill('SIGKILL')
  })

  test('serves the example site until Ctrl-C', async () => {
    start('--bind', '127.0.0.1:0')
    await expect.poll(() => output, { timeout: DEADLINE }).toMatch(/listening on http:\S+\s/)
    expect(output).toMatch(/^taipan: starting the example site …$/m)
    const url = /listening on (http:\S+)/.exec(output)?.[1] ?? ''
    expect((await new Browser(url).visit('/')).status).toBe(200)
    const exit = once(child, 'exit')
    child.kill('SIGINT')
    expect(await exit).toEqual([0, null])
    expect(output.match(/SIGINT/g)).toHaveLength(1)
  })

  test('reports in one line that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    start('--bind', `127.0.0.1:${port}`)
    expect(await once(child, 'exit')).toEqual([4, null])
    expect(output).toMatch(new RegExp(`^error: .*127\\.0\\.0\\.1:${port}.*$`, 'm'))
    other.close()
  })
})
