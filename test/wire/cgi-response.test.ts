import { describe, expect, test } from 'vitest'

import { CgiOutput, type CgiHead } from '../../src/wire/cgi-response.ts'

function parse(text: string, nph = false): { head: CgiHead; body: string } {
  const output = new CgiOutput({ nph })
  const { head, body } = output.take(Buffer.from(text, 'latin1')) ?? output.end()
  return { head, body: body.toString('latin1') }
}

function summarize(text: string, nph = false): string {
  const { head, body } = parse(text, nph)
  const { status, reason, fields, localRedirect } = head
  return [status, reason, fields.join(' '), localRedirect, body].join('|')
}

const GOOD: [string, string][] = [
  ['Content-Type: a/b\n\nbody', '||Content-Type a/b||body'],
  ['Content-Type:a/b \r\n\r\nbody\n\n', '||Content-Type a/b||body\n\n'],
  ['Status: 404 Gone\nX: \n\n', '404|Gone|X ||'],
  ['status: 299\r\nA: 1\r\nA: 2\r\n\r\n', '299||A 1 A 2||'],
  ['Location: /a?b\n\n', '||Location /a?b|/a?b|'],
  ['Location: /a\nX: y\n\n', '||Location /a X y||'],
  ['Status: 302\nLocation: /a\n\n', '302||Location /a||'],
  ['Location: http://a/\n\n', '||Location http://a/||'],
  ['Content-Type: a/b', '||Content-Type a/b||'],
  ['Content-Type: a/b\r\n', '||Content-Type a/b||'],
]

describe('the output of a CGI program', () => {
  test.each(GOOD)('%j', (text, expected) => {
    expect(summarize(text)).toBe(expected)
  })

  test('from a connection ends its head with an empty line', () => {
    const output = new CgiOutput({ nph: false, needsEmptyLine: true })
    expect(output.take(Buffer.from('Content-Type: a/b\n'))).toBeUndefined()
    expect(() => output.end()).toThrow('ended within its header lines')
  })

  test.each(GOOD)('%j, byte by byte', (text, expected) => {
    const output = new CgiOutput({ nph: false })
    const [wanted = ''] = expected.split('|').slice(0, 1)
    for (const byte of Buffer.from(text, 'latin1')) {
      const parsed = output.take(Buffer.of(byte))
      if (parsed !== undefined) {
        expect(String(parsed.head.status ?? '')).toBe(wanted)
        return
      }
    }
    expect(String(output.end().head.status ?? '')).toBe(wanted)
  })

  test.each([
    ['\n', 'none of'],
    ['', 'printed nothing'],
    ['caf\xc3\xa9\n\n', 'printed "café" among'],
    ['hello\n\n', 'which is none'],
    ['Content-Type : a\n\n', 'which is none'],
    ['A: 1\n B\n\n', 'which is none'],
    ['A: 1\n\n', 'none of'],
    ['Status: abc\n\n', 'status'],
    ['Status: 199\n\n', 'status'],
    ['Status: 200\nStatus: 200\n\n', 'twice'],
    ['Content-Type: a\nContent-Type: b\n\n', 'twice'],
    [`X: ${'a'.repeat(70_000)}`, '64 KiB'],
  ])('%j is refused', (text, reason) => {
    expect(() => parse(text)).toThrow(reason)
  })

  test('a whole response of HTTP', () => {
    expect(summarize('HTTP/1.0 299 Fine\r\nX-A: b\r\n\r\nraw', true)).toBe('299|Fine|X-A b||raw')
    expect(() => parse('Content-Type: a/b\n\n', true)).toThrow('status')
  })
})
