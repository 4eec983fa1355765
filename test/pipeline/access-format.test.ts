import { expect, test } from 'vitest'
import { createResponseHead } from '../../src/core/response-head.ts'
import { parseAccessFormat } from '../../src/pipeline/access-format.ts'
import { createLineLog } from '../../src/pipeline/access-log.ts'
import { createHandlerAnswerer } from '../../src/pipeline/application.ts'
import { escapeLogItem, formatClfTime } from '../../src/pipeline/clf.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'
import { servePipeline } from './support/serve.ts'

const hello = createHandlerAnswerer((exchange) => {
  exchange.notes.worker = 'web/1234'
  exchange.notes.python = 1.5
  const fields = ['Content-Length', '5', 'Set-Cookie', 'a="b"', 'Set-Cookie', 'c=d']
  exchange.response.send(createResponseHead(200, fields), Buffer.from('hello'))
})

const TIME = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`

/** The line of one request. */
async function lineOf(format: string, head: string): Promise<string> {
  const lines: string[] = []
  const accessLog = createLineLog(parseAccessFormat(format), (line) => void lines.push(line))
  await using server = await servePipeline({ accessLog, routes: [{ path: '/', answer: hello }] })
  using connection = await openRaw(server.url)
  connection.send(`${head}\r\nHost: shop.test:80\r\nConnection: close\r\n\r\n`)
  await connection.waitForEnd()
  return await pollUntil(() => lines[0], 'a line')
}

const HEAD =
  'GET /a%20b?x="1" HTTP/1.1\r\nUser-Agent: a "quoted\\ t\tab \xe9\r\nReferer: http://x.test/' +
  '\r\nCookie: a=b; theme=dark"y'

test('the user of a request is told, in UTF-8', async () => {
  const lines: string[] = []
  const accessLog = createLineLog(parseAccessFormat('%u'), (line) => void lines.push(line))
  const answer = createHandlerAnswerer((exchange) => {
    exchange.notes.user = 'zo\u00eb "x"'
    exchange.response.send(createResponseHead(204, []), Buffer.alloc(0))
  })
  await using server = await servePipeline({ accessLog, routes: [{ path: '/', answer }] })
  await fetchRaw(server.url, '/')
  expect(await pollUntil(() => lines[0], 'a line')).toBe('zo\\xc3\\xab \\"x\\"\n')
})

test('common and combined are those of Apache', async () => {
  const start = String.raw`^127\.0\.0\.1 - - ${TIME} "GET /a%20b\?x=\\"1\\" HTTP/1\.1" 200 5`
  expect(await lineOf('common', HEAD)).toMatch(new RegExp(`${start}\n$`))
  const agent = String.raw`a \\"quoted\\\\ t\\tab \\xe9`
  expect(await lineOf('combined', HEAD)).toMatch(
    new RegExp(`${start} "http://x\\.test/" "${agent}"\n$`),
  )
  expect(await lineOf('combined', 'HEAD / HTTP/1.0')).toMatch(
    /"HEAD \/ HTTP\/1\.0" 200 - "-" "-"\n$/,
  )
})

test.each([
  ['%m %U %q %H %v %p %B %%', /^GET \/a%20b \?x=\\"1\\" HTTP\/1\.1 shop\.test \d+ 5 %\n$/],
  ['%a %<s %{x-none}i %{application}x %{worker}x', /^127\.0\.0\.1 200 - handler web\/1234\n$/],
  ['%D %T %{queued}x %{python}x %{error}x %L', /^\d+ \d+ 0\.000 1\.500 - \S+\n$/],
  ['%V %A %P %X', new RegExp(`^shop\\.test 127\\.0\\.0\\.1 ${process.pid} \\+\n$`)],
  ['%{theme}C %{none}C %{them}C', /^dark\\"y - -\n$/],
  ['%{us}T %{ms}T %{s}T', /^\d{2,} \d+ \d+\n$/],
  ['%{content-length}o %{Set-Cookie}o %{none}o', /^5 a=\\"b\\", c=d -\n$/],
  ['%R %k %{c}a %{pid}P', new RegExp(`^handler 0 127\\.0\\.0\\.1 ${process.pid}\n$`)],
  ['%{local}p=%p=%{canonical}p %{remote}p', /^(\d+)=\1=\1 \d+\n$/],
  ['%200{Referer}i %404,500{Referer}i', /^http:\/\/x\.test\/ -\n$/],
  ['%!200{Referer}i %!404,500>s', /^- 200\n$/],
  ['%{SSL_PROTOCOL}x %{SSL_CIPHER}x', /^- -\n$/],
  ['%{%Y-%m-%dT%H:%M:%S%z}t', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\n$/],
  ['%{begin:sec}t %{end:msec}t %{usec_frac}t', /^\d{10} \d{13} \d{6}\n$/],
  ['%{begin}t %{end}t', new RegExp(`^${TIME} ${TIME}\n$`)],
])('template %s', async (format, line) => {
  expect(await lineOf(format, HEAD)).toMatch(line)
})

test.each([
  ['%h %Z', '"%Z"'],
  ['%{}o', '"%{}o"'],
  ['%{%Q}t', '"%Q"'],
  ['%{x}k', '"%{x}k"'],
  ['%20{Referer}i', '"%"'],
  ['%{nothing}x', '"%{nothing}x"'],
  ['%{}i', '"%{}i"'],
  ['%', '"%"'],
  ['combind', '"combined"'],
])('%s is refused with what is wrong', (format, named) => {
  expect(() => parseAccessFormat(format)).toThrow(named)
})

test('bytes of a connection are counted for each of its requests, with their heads', async () => {
  const lines: string[] = []
  const format = parseAccessFormat('%k %I %O %S')
  const accessLog = createLineLog(format, (line) => void lines.push(line))
  const answer = createHandlerAnswerer(({ body, response }) => {
    body.request(1000)
    const size = body.take()?.length
    response.begin(createResponseHead(200, []))
    response.write(Buffer.from(`took ${size}`))
    response.end()
  })
  await using server = await servePipeline({ accessLog, routes: [{ path: '/', answer }] })
  using connection = await openRaw(server.url)
  const heads = ['GET / HTTP/1.1\r\nHost: a\r\n', 'POST / HTTP/1.1\r\nHost: abc\r\n']
  const bodies = ['\r\n', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n']
  for (const [index, head] of heads.entries()) {
    const before = connection.received
    const sent = head + bodies[index]
    connection.send(sent)
    await connection.readResponse()
    const line = await pollUntil(() => lines[index], 'a line')
    const bytes = connection.received - before
    expect(line).toBe(`${index} ${sent.length} ${bytes} ${sent.length + bytes}\n`)
  }
})

test('escapes as ap_escape_logitem does', () => {
  expect(escapeLogItem('a\b\n\r\t\v"\\\x00\x1b\x7f\xff~ ')).toBe(
    String.raw`a\b\n\r\t\v\"\\\x00\x1b\x7f\xff~ `,
  )
})

test('gives local time with its zone', () => {
  const date = new Date(2026, 0, 5, 7, 8, 9)
  const text = formatClfTime(date.getTime())
  const zone = /GMT([+-]\d{4})/.exec(date.toString())?.[1]
  expect(text).toBe(`[05/Jan/2026:07:08:09 ${zone}]`)
})
