import { expect, test } from 'vitest'
import { serve } from '../../src/index.ts'
import { formatRecord, RecordDecoder, RecordType } from '../../src/wire/fastcgi/records.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import { nodeFastcgi } from '../support/peers/programs.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { formatEndRecord, formatOutput } from './support/fastcgi-peer.ts'
import { startRawPeer } from './support/raw-peer.ts'

const FILES = {
  'a.html': 'a page',
  'empty.html': '',
  'large.html': 'x'.repeat(300_000),
  'picture.png': 'png',
}

async function serveFiltered(url: string, folder: string) {
  const server = await serve({
    routes: [{ path: '/f', upstream: { urls: url, role: 'filter' }, root: folder, split: '.html' }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  return {
    ask: async (target: string, more = {}) =>
      await fetchRaw(server.urls[0] ?? '', { target, ...more }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

describePeer(nodeFastcgi, { protocol: 'fastcgi' }, (current) => {
  test('a filter answers with what it makes of files', async () => {
    using project = createProject(FILES)
    await using gateway = await serveFiltered(current().place.url, project.folder)
    expect(await gateway.ask('/f/a.html')).toMatchObject({ status: 200, text: 'A PAGE' })
    const large = await gateway.ask('/f/large.html')
    expect(large.text).toBe('X'.repeat(300_000))
    expect(await gateway.ask('/f/picture.png')).toMatchObject({ status: 200, text: 'png' })
    expect((await gateway.ask('/f/none.html')).status).toBe(404)
  })
})

test('a filter gets the file behind the body, and is told of it', async () => {
  using project = createProject(FILES)
  await using peer = await startRawPeer((socket, first) => {
    const seen: string[] = []
    let data = ''
    const decoder = new RecordDecoder(
      {
        onRecord({ type, length }, chunk, start, end) {
          if (type === RecordType.BEGIN_REQUEST) seen.push(`role ${chunk[start + 1]}`)
          else if (type === RecordType.PARAMS && length > 0)
            seen.push(
              ...(chunk.toString('latin1', start, end).match(/FCGI_DATA_LENGTH\d+|LAST_MOD\d+/g) ??
                []),
            )
          else if (type === RecordType.STDIN)
            seen.push(`in ${chunk.toString('latin1', start, end)}`)
          else if (type === RecordType.DATA && length > 0)
            data += chunk.toString('latin1', start, end)
          else if (type === RecordType.DATA) {
            socket.write(formatOutput(`Content-Type: a/b\n\n${[...seen, data].join('|')}`))
            socket.write(Buffer.concat([formatRecord(RecordType.STDOUT, 1), formatEndRecord()]))
          }
        },
      },
      'UPSTREAM_FAILED',
    )
    decoder.push(first)
    socket.on('data', (chunk: Buffer) => decoder.push(chunk))
  })
  await using gateway = await serveFiltered(`fastcgi://127.0.0.1:${peer.port}`, project.folder)
  const answer = await gateway.ask('/f/a.html', { method: 'POST', body: 'abc' })
  expect(answer.text).toMatch(/^role 3\|.*DATA_LENGTH6.*\|in abc\|in \|a page$/)
  expect(answer.text).toMatch(/LAST_MOD\d{10}/)
  const empty = await gateway.ask('/f/empty.html')
  expect(empty.text).toMatch(/^role 3\|.*DATA_LENGTH0.*\|in \|$/)
})
