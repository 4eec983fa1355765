import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

import { TEST_TIMEOUT } from '../../support/deadlines.ts'
import { answer, startLab } from '../support/front-lab.ts'

const run = promisify(execFile)
const isInstalled = spawnSync('h2spec', ['--version']).status === 0

/**
 * Cases in which Node's library does something else; a bare server of `node:http2` fails in the same ones. Frames for
 * streams that are closed are ignored, and what follows an error of the connection is not always read.
 */
const OF_NODE = [
  'closed: Sends a DATA frame after sending RST_STREAM frame',
  'closed: Sends a HEADERS frame after sending RST_STREAM frame',
  'closed: Sends a DATA frame',
  'closed: Sends a HEADERS frame',
  'Sends stream identifier that is numerically smaller than previous',
  'Sends a PING frame with ACK',
  'Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1',
]

/** What is no preface is a request of HTTP/1, and is answered as such before the connection ends. */
const OF_HTTP1 = ['Sends invalid connection preface']

test.skipIf(!isInstalled)(
  'h2spec finds only what is known',
  async () => {
    await using lab = await startLab((exchange) => answer(exchange, 'hello, h2spec'))
    const port = new URL(lab.url).port
    const args = ['-h', '127.0.0.1', '-p', port, '-o', '5', '-S']
    const output = await run('h2spec', args, { maxBuffer: 1 << 24 }).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? '',
    )
    expect(output).toMatch(/1[34]\d passed/)
    const failures = output.matchAll(/\u00d7 \d+: (.*)/g)
    const names = new Set(Array.from(failures, ([, name = '']) => name.trim()))
    expect([...names].filter((name) => ![...OF_NODE, ...OF_HTTP1].includes(name))).toEqual([])
  },
  2 * TEST_TIMEOUT,
)
