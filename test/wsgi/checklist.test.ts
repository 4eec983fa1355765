import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { startLab, type Lab } from './lab.ts'

let lab: Lab
let wide: Lab

beforeAll(async () => {
  ;[lab, wide] = await Promise.all([
    startLab(['-t', '1', '--env', 'LAB_EXTRA=extra value']),
    startLab(['-p', '2', '-t', '3', '--mount', '/mnt']),
  ])
})

afterAll(async () => {
  await Promise.all([lab.stop(), wide.stop()])
})

const CGI_NAMES =
  /^(REQUEST_METHOD|SCRIPT_NAME|PATH_INFO|QUERY_STRING|REQUEST_URI|RAW_URI|PATH_TRANSLATED|SERVER_(NAME|PORT|PROTOCOL|SOFTWARE|ADDR)|REMOTE_(ADDR|PORT|HOST)|REQUEST_SCHEME|GATEWAY_INTERFACE|CONTENT_TYPE|CONTENT_LENGTH|HTTPS|HTTP_[A-Z0-9_]+)$/

describe('PEP 3333, line by line', () => {
  test('1 the application is called positionally with exactly environ and start_response', async () => {
    expect(await lab.json('/call')).toEqual({ count: 2, keywords: [] })
  })

  test('2 environ is a real dict, new for each request, and may be changed', async () => {
    expect((await lab.environ()).type).toBe('dict')
    const key = lab.key()
    expect((await lab.get(`/spoil?key=${key}`)).text).toBe('spoiled')
    const after = await lab.environ()
    expect(after.strings['HTTP_HOST']).toBe('taipan.test')
    expect(after.strings['REQUEST_METHOD']).toBe('GET')
    expect({ ...after.strings, ...after.others }).not.toHaveProperty('lab.dirty')
    expect(after.others).toHaveProperty('wsgi.input')
  })

  test('3 the required names are present, empty ones too', async () => {
    const { strings } = await lab.environ()
    for (const name of [
      'REQUEST_METHOD',
      'SCRIPT_NAME',
      'PATH_INFO',
      'QUERY_STRING',
      'SERVER_NAME',
      'SERVER_PORT',
      'SERVER_PROTOCOL',
    ]) {
      expect(strings, name).toHaveProperty(name)
    }
    expect(strings['SERVER_NAME']).not.toBe('')
    expect(strings['SERVER_PORT']).toMatch(/^[0-9]+$/)
    expect(strings['SERVER_PROTOCOL']).toBe('HTTP/1.1')
    expect(strings['QUERY_STRING']).toBe('')
    expect(strings['SCRIPT_NAME']).toBe('')
  })

  test('4 CONTENT_TYPE and CONTENT_LENGTH come from fields only, and never as HTTP_*', async () => {
    const without = (await lab.environ()).strings
    expect(['', undefined]).toContain(without['CONTENT_TYPE'])
    expect(['', undefined]).toContain(without['CONTENT_LENGTH'])
    const request = {
      method: 'POST',
      body: 'hello',
      headers: [['Content-Type', 'text/x']],
    } as const
    const { strings } = await lab.environ('/environ', request)
    expect(strings['CONTENT_TYPE']).toBe('text/x')
    expect(strings['CONTENT_LENGTH']).toBe('5')
    expect(strings).not.toHaveProperty('HTTP_CONTENT_TYPE')
    expect(strings).not.toHaveProperty('HTTP_CONTENT_LENGTH')
  })

  test('5 every field is HTTP_*, repeated ones joined by comma, cookies by semicolon', async () => {
    const { strings } = await lab.environ('/environ', {
      headers: [
        ['X-One', 'a'],
        ['x-one', 'b'],
        ['Cookie', 'c=1'],
        ['COOKIE', 'd=2'],
        ['Accept', 'text/html'],
        ['Accept', 'text/plain;q=0.5'],
        ['X-Dash-Name', 'v'],
      ],
    })
    expect(strings['HTTP_X_ONE']).toMatch(/^a, ?b$/)
    expect(strings['HTTP_ACCEPT']).toMatch(/^text\/html, ?text\/plain;q=0.5$/)
    expect(strings['HTTP_COOKIE']).toBe('c=1; d=2')
    expect(strings['HTTP_X_DASH_NAME']).toBe('v')
  })

  test('6 CGI values are str of latin-1 code points, UTF-8 paths shown byte by byte', async () => {
    const report = await lab.environ('/environ/%C3%A9/%E2%82%AC?%C3%A9', {
      headers: [['X', 'caf\xc3\xa9 \xff']],
    })
    expect(report.strings['PATH_INFO']).toBe('/environ/\xc3\xa9/\xe2\x82\xac')
    expect(report.strings['QUERY_STRING']).toBe('%C3%A9')
    expect(report.strings['HTTP_X']).toBe('caf\xc3\xa9 \xff')
    for (const [name, value] of Object.entries(report.strings))
      expect(value, name).not.toMatch(/[\u0100-\uffff]/)
    expect(Object.keys(report.others).filter((name) => !name.includes('.'))).toEqual([])
  })

  test('7 PATH_INFO is decoded once, and SCRIPT_NAME + PATH_INFO is the path', async () => {
    expect((await lab.environ('/environ/a%2520b%2Fc%3Fd')).strings['PATH_INFO']).toBe(
      '/environ/a%20b/c?d',
    )
    const { strings } = await wide.environ('/mnt/environ/x%20y')
    expect(strings['SCRIPT_NAME']).toBe('/mnt')
    expect(strings['PATH_INFO']).toBe('/environ/x y')
  })

  test('8 wsgi.version is (1, 0)', async () => {
    expect((await lab.environ()).others['wsgi.version']).toBe('(1, 0)')
  })

  test('9 wsgi.url_scheme is http, whatever the client sends', async () => {
    const { strings } = await lab.environ('/environ', {
      headers: [
        ['X-Forwarded-Proto', 'https'],
        ['HTTPS', 'on'],
      ],
    })
    expect(strings['wsgi.url_scheme']).toBe('http')
    expect(strings['HTTPS'] ?? 'off').not.toBe('on')
  })

  test('10 wsgi.multithread, multiprocess and run_once are correct', async () => {
    const narrow = (await lab.environ()).others
    expect([
      narrow['wsgi.multithread'],
      narrow['wsgi.multiprocess'],
      narrow['wsgi.run_once'],
    ]).toEqual(['False', 'False', 'False'])
    const many = (await wide.environ('/mnt/environ')).others
    expect([many['wsgi.multithread'], many['wsgi.multiprocess'], many['wsgi.run_once']]).toEqual([
      'True',
      'True',
      'False',
    ])
  })

  test('11 wsgi.input reads by size, line, lines and iteration, and is empty after the end', async () => {
    const body = 'one\ntwo\n\nthree'
    const read = async (ops: string, as: 'body' | 'chunks' = 'body'): Promise<unknown> => {
      const request = as === 'body' ? { body } : { chunks: ['on', 'e\nt', 'wo\n\nthr', 'ee'] }
      return (
        await lab.json<{ results: unknown[] }>(`/read?ops=${ops}`, { method: 'POST', ...request })
      ).results
    }
    for (const as of ['body', 'chunks'] as const) {
      expect(await read('r', as)).toEqual([body])
      expect(await read('r3,r2,r', as)).toEqual(['one', '\nt', 'wo\n\nthree'])
      expect(await read('r0,r-1,r,r5,l,ls', as)).toEqual(['', body, '', '', '', []])
      expect(await read('r1000,r', as)).toEqual([body, ''])
      expect(await read('l,l,l,l,l', as)).toEqual(['one\n', 'two\n', '\n', 'three', ''])
      expect(await read('l2,l9,l-1,l1,r', as)).toEqual(['on', 'e\n', 'two\n', '\n', 'three'])
      expect(await read('ls', as)).toEqual([['one\n', 'two\n', '\n', 'three']])
      expect(await read('ls4,r', as)).toEqual([['one\n'], 'two\n\nthree'])
      expect(await read('it,it', as)).toEqual([['one\n', 'two\n', '\n', 'three'], []])
      expect(await read('l,it', as)).toEqual(['one\n', ['two\n', '\n', 'three']])
    }
    expect((await lab.json<{ results: unknown[] }>('/read?ops=r,r5,l,ls,it')).results).toEqual([
      '',
      '',
      '',
      [],
      [],
    ])
  })

  test('12 wsgi.errors has write, writelines and flush, and takes any str', async () => {
    expect((await lab.get('/errors?text=number-twelve')).text).toBe('noted')
    await pollUntil(
      () => (lab.taipan.output.includes('lab errors: number-twelve') ? true : undefined),
      'the line in the log',
    )
    for (const line of ['lab line one', 'lab line two', 'lab euro', 'lab lone']) {
      await pollUntil(() => (lab.taipan.output.includes(line) ? true : undefined), line)
    }
  })

  test('13 missing values have no replacement', async () => {
    const { strings } = await lab.environ()
    for (const name of ['REMOTE_USER', 'AUTH_TYPE', 'REMOTE_IDENT', 'HTTP_COOKIE', 'HTTP_REFERER'])
      expect(strings).not.toHaveProperty(name)
    for (const [name, value] of Object.entries(strings))
      expect(['None', 'null', 'undefined', 'NaN', '-'], name).not.toContain(value)
  })

  test('14 start_response returns write', async () => {
    const key = lab.key()
    expect((await lab.get(`/write?key=${key}`)).text).toBe('written twice then iterated')
    expect(await lab.notes(key)).toEqual(['True'])
  })

  test('15 a bad status raises inside the application', async () => {
    const found = await lab.json<Record<string, string>>('/bad-statuses')
    for (const [status, outcome] of Object.entries(found)) {
      if (status === "'200'") continue
      expect(outcome, status).not.toBe('accepted')
    }
  })

  test('16 headers are a list of (str, str); control characters and non-latin-1 raise', async () => {
    const found = await lab.json<Record<string, string>>('/bad-headers')
    for (const [headers, outcome] of Object.entries(found))
      expect(outcome, headers).not.toBe('accepted')
  })

  test('17 hop-by-hop fields of the application never go out', async () => {
    const response = await lab.get('/hop-by-hop')
    expect([200, 500]).toContain(response.status)
    expect(response.headers('keep-alive')).not.toContain('timeout=5')
    for (const name of [
      'upgrade',
      'proxy-authenticate',
      'proxy-authorization',
      'trailers',
      'x-hop',
    ])
      expect(response.header(name)).toBeUndefined()
    expect(response.header('connection') ?? '').not.toMatch(/upgrade/i)
  })

  test('18 a second start_response without exc_info raises', async () => {
    const key = lab.key()
    expect((await lab.get(`/twice?key=${key}`)).status).toBe(500)
    expect(await lab.notes(key)).toHaveLength(1)
  })

  test('19 exc_info replaces before the head is sent, is raised again after it, and is not kept', async () => {
    const replaced = await lab.get('/replaced')
    expect([replaced.status, replaced.reason, replaced.text]).toEqual([
      503,
      'Replaced',
      'the replacement',
    ])
    expect([replaced.header('x-old'), replaced.header('x-new')]).toEqual([undefined, '1'])
    const key = lab.key()
    const late = await lab.get(`/too-late?key=${key}`)
    expect([late.status, late.complete]).toEqual([200, false])
    expect(await lab.notes(key)).toEqual(['KeyError True'])
    expect((await lab.get('/forgotten-exc-info')).text).toBe('kept')
    expect((await lab.get('/is-forgotten')).text).toBe('True')
  })

  test('20 headers wait for the first non-empty block; Content-Length 0 needs none', async () => {
    const replaced = await lab.get('/replaced-in-iteration')
    expect([replaced.status, replaced.header('x-old'), replaced.text]).toEqual([
      503,
      undefined,
      'the replacement',
    ])
    const zero = await lab.get('/zero')
    expect([zero.status, zero.header('content-length'), zero.text]).toEqual([200, '0', ''])
  })

  test('21 start_response may come with the first iteration', async () => {
    for (const [path, text] of [
      ['/generator', 'generator'],
      ['/late-class', 'late'],
    ] as const) {
      const response = await lab.get(path)
      expect([response.status, response.header('x-late'), response.text]).toEqual([200, '1', text])
    }
  })

  test.each(['/no-start', '/no-start-empty', '/no-start-empty-blocks'])(
    '22 no start_response is a 500 with a log record: %s',
    async (path) => {
      const key = lab.key()
      const before = lab.taipan.output.length
      expect((await lab.get(`${path}?key=${key}`)).status).toBe(500)
      expect(await lab.notes(key)).toEqual(['close'])
      await pollUntil(
        () => (lab.taipan.output.slice(before).includes('start_response') ? true : undefined),
        'a log record that names start_response',
      )
    },
  )

  test('23 each block is sent before the next is asked for', async () => {
    const gate = join(lab.folder, 'gate-23')
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: `/stepwise?gate=${gate}` }))
    await connection.waitUntil(() => connection.rest.includes('first'), 'the first block')
    expect(connection.rest.includes('second')).toBe(false)
    await writeFile(gate, '')
    expect((await connection.readFinalResponse()).text).toBe('firstsecond')
  })

  test.each(['str_items', 'int_items', 'none_items'])(
    '24 a block that is not bytes is an error: %s',
    async (what) => {
      const response = await lab.get(`/returns?what=${what}`)
      expect(response.status).toBe(500)
      const late = await lab.get('/returns?what=late_str_item')
      expect(late.status === 500 || !late.complete).toBe(true)
    },
  )

  test('25 close() is called exactly once: end, exception, HEAD, client gone', async () => {
    const key = lab.key()
    await lab.get(`/blocks?blocks=2&key=${key}`)
    expect(await lab.notes(key)).toEqual(['block 0', 'block 1', 'close'])
    for (const where of ['first', 'later', 'close']) {
      const raised = lab.key()
      await lab.get(`/raise?error=ValueError&where=${where}&key=${raised}`).catch(() => undefined)
      expect(await lab.notes(raised), where).toEqual(['close'])
    }
    const head = lab.key()
    await lab.get(`/blocks?blocks=2&key=${head}`, { method: 'HEAD' })
    expect((await lab.notes(head)).filter((note) => note === 'close')).toEqual(['close'])
    const gone = lab.key()
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: `/endless?key=${gone}` }))
    await connection.waitUntil(() => connection.received > 100_000, 'the stream to begin')
    connection.destroy()
    expect(await lab.notes(gone)).toEqual(['close'])
  })

  test('26 a single block has its Content-Length', async () => {
    const response = await lab.get('/one')
    expect(response.text).toBe('single')
    expect(response.framing).toBe('length')
  })

  test('27 otherwise chunks in 1.1 and the end of the connection in 1.0', async () => {
    const modern = await lab.get('/generator')
    expect([modern.framing, modern.text]).toEqual(['chunked', 'generator'])
    const old = await lab.get('/generator', { version: '1.0' })
    expect([old.framing, old.text]).toEqual(['close', 'generator'])
  })

  test('28 a longer body is cut at Content-Length, a shorter one closes the connection', async () => {
    const longer = await lab.get('/blocks?blocks=3&length=7')
    expect([longer.text, longer.complete]).toEqual(['0000000', true])
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/blocks?blocks=1&length=7' }))
    const [shorter] = await connection.readUntilEnd()
    expect([shorter?.text, shorter?.complete]).toEqual(['00000', false])
    const key = lab.key()
    await lab.get(`/write-sized?key=${key}`)
    expect(await lab.notes(key)).not.toEqual(['accepted'])
  })

  test('29 write() goes out before the iterable, at once; write after the end is an error', async () => {
    const gate = join(lab.folder, 'gate-29')
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: `/write-gate?gate=${gate}` }))
    await connection.waitUntil(() => connection.rest.includes('first'), 'what was written')
    await writeFile(gate, '')
    expect((await connection.readFinalResponse()).text).toBe('firstsecond')
    expect((await lab.get('/write-only')).text).toBe('only written')
    expect((await lab.get('/write-after-end')).text).toBe('ok')
    expect((await lab.get('/write-now')).text).not.toBe('accepted')
    expect((await lab.get('/hello')).text).toBe('hello')
  })

  test('30 Expect: 100-continue is answered', async () => {
    using connection = await openRaw(lab.url)
    connection.send(
      'POST /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    )
    expect((await connection.readResponse('POST')).status).toBe(100)
    connection.send('hello')
    const response = await connection.readFinalResponse('POST')
    const report: { results: string[] } = JSON.parse(response.text)
    expect(report.results).toEqual(['hello'])
  })

  test('31 Date and Server are added when missing, never twice', async () => {
    const added = await lab.get('/hello')
    expect(added.headers('date')).toHaveLength(1)
    expect(Math.abs(Date.parse(added.header('date') ?? '') - Date.now())).toBeLessThan(60_000)
    const own = await lab.get('/own')
    expect(own.headers('date')).toEqual(['Sat, 01 Jan 2000 00:00:00 GMT'])
    expect(own.headers('server')).toEqual(['own/1.0'])
  })

  test('32 HEAD, 204 and 304 carry no body, and the iterable is closed', async () => {
    for (const [target, method, status] of [
      ['/bodyless?status=200+OK', 'HEAD', 200],
      ['/bodyless?status=204+No+Content', 'GET', 204],
      ['/bodyless?status=304+Not+Modified', 'GET', 304],
    ] as const) {
      const key = lab.key()
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ method, target: `${target}&key=${key}` }))
      const response = await connection.readFinalResponse(method)
      expect([response.status, response.framing]).toEqual([status, 'none'])
      connection.send(formatRequest({ target: '/hello' }))
      expect((await connection.readFinalResponse()).text).toBe('hello')
      expect(await lab.notes(key)).toEqual(['close'])
    }
  })

  test('33 wsgi.file_wrapper', async () => {
    const content = Array.from(
      { length: 30_000 },
      (_, i) => `${String(i).padStart(9, '0')}\n`,
    ).join('')
    for (const kind of ['file', 'filelike', 'bytesio', 'gzip', 'pipe', 'unlinked', 'noted']) {
      expect((await lab.get(`/file?kind=${kind}`)).text === content, kind).toBe(true)
    }
    expect((await lab.get('/file?kind=file&noblock=1')).text === content).toBe(true)
    expect((await lab.get('/file?kind=file&rewrapped=1')).text === content).toBe(true)
    expect((await lab.get('/file?kind=offset')).text === content.slice(10)).toBe(true)
    expect((await lab.get('/file?kind=file&length=25')).text).toBe(content.slice(0, 25))
    const key = lab.key()
    await lab.get(`/file?kind=noted&key=${key}`)
    expect(await lab.notes(key)).toEqual(['close'])
    const like = lab.key()
    await lab.get(`/file?kind=filelike&key=${like}`)
    const notes = await lab.notes(like)
    expect(notes.filter((note) => note === 'close')).toHaveLength(1)
    expect(notes[0]).toBe('read 8192')
  })

  test('34 an error after output aborts the connection; before it a 500 without traceback', async () => {
    const cut = await lab.get('/raise?error=ValueError&where=later')
    expect([cut.status, cut.text, cut.complete]).toEqual([200, 'good', false])
    const before = await lab.get('/raise?error=ValueError&where=call')
    expect(before.status).toBe(500)
    expect(before.text).not.toMatch(/Traceback|secret-in-traceback|wsgi_lab|ValueError/)
    await pollUntil(
      () => (lab.taipan.output.includes('secret-in-traceback') ? true : undefined),
      'the traceback in the log',
    )
  })

  test('35 with one thread requests never overlap', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => lab.get('/overlap')))
    expect(answers.map((answer) => answer.text)).toEqual(Array.from({ length: 6 }, () => '1'))
  })

  test('36 the process environment can be configured', async () => {
    expect((await lab.json<{ env: Record<string, string> }>('/process')).env['LAB_EXTRA']).toBe(
      'extra value',
    )
  })

  test("37 the server's own keys are lower-case with a dotted prefix", async () => {
    const report = await lab.environ('/environ', { headers: [['X-A', 'b']] })
    for (const name of [...Object.keys(report.strings), ...Object.keys(report.others)]) {
      expect(CGI_NAMES.test(name) || /^[a-z][a-z0-9_]*\.[a-z0-9_.]+$/.test(name), name).toBe(true)
    }
  })

  test.each([
    'SystemExit',
    'SystemExit0',
    'KeyboardInterrupt',
    'GeneratorExit',
    'CancelledError',
    'BareBase',
    'Unprintable',
    'Unicode',
    'StopIteration',
    'RecursionError',
    'MemoryError',
    'BrokenPipeError',
    'OSError',
    'TimeoutError',
  ])('38 %s does not end the worker', async (error) => {
    const pid = (await lab.get('/pid')).text
    for (const where of ['call', 'started', 'first', 'later', 'close']) {
      const response = await settle(lab.get(`/raise?error=${error}&where=${where}`))
      if (where === 'call' || where === 'started') expect(response?.status, where).toBe(500)
      // StopIteration in __next__ is the end of an iteration, not an error.
      else if (where === 'first' && error !== 'StopIteration')
        expect(response?.status, where).toBe(500)
      else if (where === 'later' && error !== 'StopIteration')
        expect(response === undefined || !response.complete, where).toBe(true)
    }
    expect((await lab.get('/pid')).text).toBe(pid)
  })
})

/** The answer; undefined when the connection was aborted before one. */
async function settle<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch {
    return undefined
  }
}
