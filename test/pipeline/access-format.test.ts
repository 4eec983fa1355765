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
  exchange.response.send(createResponseHead(200, ['Content-Length', '5']), Buffer.from('hello'))
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
])('template %s', async (format, line) => {
  expect(await lineOf(format, HEAD)).toMatch(line)
})

test.each([
  ['%h %Z', '"%Z"'],
  ['%{Set-Cookie}o', '"%{Set-Cookie}o"'],
  ['%{nothing}x', '"%{nothing}x"'],
  ['%{}i', '"%{}i"'],
  ['%', '"%"'],
  ['combind', '"combined"'],
])('%s is refused with what is wrong', (format, named) => {
  expect(() => parseAccessFormat(format)).toThrow(named)
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
