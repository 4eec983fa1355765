import { gunzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { formatRequest, openRaw, pollUntil, type RawResponse } from '../support/raw-client.ts'
import { startLab, type Lab } from './lab.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab(['-t', '1'])
})

afterAll(async () => {
  await lab.stop()
})

/** The answer, and the text of a second request on the same connection (undefined if it was closed). */
async function askTwice(
  target: string,
  method = 'GET',
): Promise<{ first: RawResponse; next: string | undefined }> {
  using connection = await openRaw(lab.url)
  connection.send(formatRequest({ method, target }))
  const first = await connection.readFinalResponse(method)
  connection.send(formatRequest({ target: '/hello' }))
  const next = await connection.readFinalResponse().then(
    (response) => response.text,
    () => undefined,
  )
  return { first, next }
}

describe('responses', () => {
  test('a response that the application chunks itself is not chunked twice', async () => {
    const { first, next } = await askTwice('/self-framed')
    expect([first.status, first.text, first.framing, first.complete]).toEqual([
      200,
      'hello world',
      'chunked',
      true,
    ])
    expect(next === 'hello' || next === undefined).toBe(true)
    const old = await lab.get('/self-framed', { version: '1.0' })
    expect([old.text, old.framing]).toEqual(['hello world', 'close'])
  })

  test('HEAD of an application that chunks itself has no body', async () => {
    const { first, next } = await askTwice('/self-framed', 'HEAD')
    expect([first.status, first.framing]).toEqual([200, 'none'])
    expect(next === 'hello' || next === undefined).toBe(true)
  })

  test('HEAD drops a body that is sent and keeps its Content-Length', async () => {
    const { first, next } = await askTwice('/blocks?blocks=2&length=10', 'HEAD')
    expect([first.status, first.header('content-length'), next]).toEqual([200, '10', 'hello'])
    const written = await askTwice('/write', 'HEAD')
    expect([written.first.status, written.next]).toEqual([200, 'hello'])
    const file = await askTwice('/file?kind=file&length=25', 'HEAD')
    expect([file.first.header('content-length'), file.next]).toEqual(['25', 'hello'])
  })

  test.each(['204 No Content', '304 Not Modified'])(
    '%s carries neither body nor Transfer-Encoding',
    async (status) => {
      const encoded = encodeURIComponent(status)
      for (const target of [
        `/bodyless?status=${encoded}`,
        `/status?status=${encoded}`,
        `/blocks?status=${encoded}`,
        `/empty?status=${encoded}`,
        `/file?kind=file&status=${encoded}`,
      ]) {
        const { first, next } = await askTwice(target)
        expect(
          [first.status, first.header('transfer-encoding'), first.framing, next],
          target,
        ).toEqual([Number(status.slice(0, 3)), undefined, 'none', 'hello'])
      }
    },
  )

  test('an iterator that raises during the body ends in an aborted connection', async () => {
    for (const sized of ['', '&sized=1']) {
      const { first, next } = await askTwice(`/raise?error=ValueError&where=later${sized}`)
      expect([first.status, first.text, first.complete, next]).toEqual([
        200,
        'good',
        false,
        undefined,
      ])
    }
    const old = await lab
      .get('/raise?error=ValueError&where=later', { version: '1.0' })
      .catch(() => undefined)
    expect(old === undefined || old.status === 200).toBe(true)
  })

  test('write() followed by []', async () => {
    const { first, next } = await askTwice('/write-only')
    expect([first.text, first.complete, next]).toEqual(['only written', true, 'hello'])
  })

  test("the application's own gzip, ranges and repeated Set-Cookie are unchanged", async () => {
    const gzipped = await lab.get('/gzipped', { headers: [['Accept-Encoding', 'gzip']] })
    expect(gzipped.headers('content-encoding')).toEqual(['gzip'])
    expect(gunzipSync(gzipped.body).toString()).toBe('own compression')
    const ranged = await lab.get('/ranged', { headers: [['Range', 'bytes=2-4']] })
    expect([ranged.status, ranged.header('content-range'), ranged.text]).toEqual([
      206,
      'bytes 2-4/10',
      '234',
    ])
    const cookies = await lab.get('/cookies')
    expect(cookies.headers('set-cookie')).toEqual(['a=1', 'b=2; Path=/'])
    expect(cookies.headers('vary').join(', ')).toBe('X, Y')
  })

  test('a Range request does not cut a response that ignores it', async () => {
    const response = await lab.get('/hello', { headers: [['Range', 'bytes=0-1']] })
    expect([response.status, response.text]).toEqual([200, 'hello'])
  })

  test('an unusual reason is passed on, and an empty one is allowed', async () => {
    const odd = await lab.get('/status?status=299%20Quite%20odd%20%28really%29')
    expect([odd.status, odd.reason, odd.text]).toEqual([299, 'Quite odd (really)', 'body'])
    const bare = await lab.get('/status?status=200%20')
    expect([200, 500]).toContain(bare.status)
  })

  test('10 MB down arrive complete, with length and in chunks', async () => {
    for (const sized of ['1', '0']) {
      const response = await lab.get(`/large?size=${10 << 20}&sized=${sized}`)
      expect([response.body.length, response.complete, response.framing]).toEqual([
        10 << 20,
        true,
        sized === '1' ? 'length' : 'chunked',
      ])
    }
  })

  test('empty blocks do not end a chunked answer', async () => {
    const { first, next } = await askTwice('/empty-blocks')
    expect([first.text, first.complete, next]).toEqual(['ab', true, 'hello'])
  })
})

describe('answers', () => {
  test('a body shorter than its Content-Length aborts the connection', async () => {
    for (const target of [
      '/blocks?blocks=1&length=7',
      '/file?kind=file&length=9999999',
      '/header?name=Content-Length&value=100',
    ]) {
      const { first, next } = await askTwice(target)
      expect([first.status, first.complete, next], target).toEqual([200, false, undefined])
    }
    const gone = await lab.get('/zero')
    expect(gone.complete).toBe(true)
  })

  test('a longer body is cut at its Content-Length', async () => {
    for (const [target, text] of [
      ['/blocks?blocks=3&length=7', '0000000'],
      ['/header?name=Content-Length&value=4', 'onet'],
      ['/header?name=Content-Length&value=0', ''],
    ] as const) {
      const { first } = await askTwice(target)
      expect([first.status, first.text, first.complete], target).toEqual([200, text, true])
    }
  })

  test.each(Array.from({ length: 34 }, (_, index) => index))(
    'bad header number %i is a 500 with nothing injected',
    async (index) => {
      const { first } = await askTwice(`/bad-header?index=${index}`)
      expect(first.status).toBe(500)
      expect([first.header('x-evil'), first.header('x-early'), first.header('x')]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      expect(first.text).not.toMatch(/Traceback|X-Evil/)
    },
  )

  test.each([
    'OK',
    '',
    'abc OK',
    '20 OK',
    '2000 OK',
    '200 OK\r\nX-Evil: 1',
    '200 O\x00K',
    '099 Low',
    '100 Continue',
    '101 Switching Protocols',
    '103 Early',
    '199 Odd',
  ])('status %j is a 500 with nothing injected', async (status) => {
    const response = await lab.get(`/status?status=${encodeURIComponent(status)}`)
    expect([response.status, response.interim]).toEqual([500, []])
    expect(response.header('x-evil')).toBeUndefined()
  })

  test.each(['-4', '+4', '4,4', '4 4', '0x4', '1e1', 'four', '4.0'])(
    'Content-Length %s of the application is never sent',
    async (value) => {
      const response = await lab.get(
        `/header?name=Content-Length&value=${encodeURIComponent(value)}`,
      )
      expect(response.status).toBe(500)
    },
  )

  test('1.0 never gets chunks or a 100', async () => {
    for (const target of [
      '/generator',
      '/stepwise?gate=/',
      '/write',
      '/large?size=300000&sized=0',
    ]) {
      const response = await lab.get(target, {
        version: '1.0',
        headers: [['Connection', 'keep-alive']],
      })
      expect(
        [response.status, response.framing, response.header('transfer-encoding')],
        target,
      ).toEqual([200, 'close', undefined])
    }
    const posted = await lab.get('/read', {
      version: '1.0',
      method: 'POST',
      body: 'x',
      headers: [['Expect', '100-continue']],
    })
    expect([posted.status, posted.interim]).toEqual([200, []])
  })

  test('Connection: foo, close closes', async () => {
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/hello', headers: [['Connection', 'foo, close']] }))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.text)).toEqual(['hello'])
  })

  test('Connection: close of an application is respected', async () => {
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/header?name=Connection&value=close' }))
    const responses = await connection.readUntilEnd()
    expect([responses.length, responses[0]?.text, responses[0]?.headers('connection')]).toEqual([
      1,
      'onetwo',
      ['close'],
    ])
  })

  test('a half-closed client is answered', async () => {
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/large?size=3000000' }))
    connection.finishSending()
    const [response] = await connection.readUntilEnd()
    expect([response?.body.length, response?.complete]).toEqual([3_000_000, true])
  })

  test('a neutral 500 names no file and no exception', async () => {
    const before = lab.taipan.output.length
    const response = await lab.get('/raise?error=ValueError&where=call')
    expect(response.status).toBe(500)
    expect(response.text).not.toMatch(/wsgi_lab|ValueError|secret|line \d+|\.py/)
    const log = await pollUntil(() => {
      const text = lab.taipan.output.slice(before)
      return text.includes('secret-in-traceback') ? text : undefined
    }, 'the traceback')
    expect(log).toMatch(/Traceback \(most recent call last\)/)
    expect(log).toMatch(/do_raise/)
  })
})
