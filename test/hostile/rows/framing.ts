import { expect } from 'vitest'

import { accepted, brokenBody, chunked, either, post, refused, SMUGGLED, type Row } from './row.ts'

const HELLO = '5\r\nhello\r\n0\r\n\r\n'
const NO_CODING = [400, 501]

function coding(value: string, statuses: readonly number[] = NO_CODING): Row {
  return refused(
    `Transfer-Encoding ${JSON.stringify(value)}`,
    post(`Transfer-Encoding:${value}\r\n`, HELLO + SMUGGLED),
    statuses,
  )
}

function length(value: string, statuses: readonly number[] = [400]): Row {
  return refused(
    `Content-Length ${JSON.stringify(value)}`,
    post(`Content-Length:${value}\r\n`, `hello${SMUGGLED}`),
    statuses,
  )
}

function bodyIs(text: string): Pick<Row, 'check'> {
  return { check: (seen) => expect(seen[0]?.body).toBe(text) }
}

/** Transfer-Encoding and Content-Length in every form that was used for request smuggling. */
export const FRAMING: readonly Row[] = [
  // Both at once
  refused(
    'CL.TE',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
  ),
  refused('TE.CL', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', HELLO + SMUGGLED)),
  refused(
    'CL 0 with chunks',
    post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED),
  ),
  refused(
    'CL with an empty TE',
    post('Content-Length: 5\r\nTransfer-Encoding:\r\n', `hello${SMUGGLED}`),
    NO_CODING,
  ),
  refused(
    'CL with TE identity',
    post('Content-Length: 5\r\nTransfer-Encoding: identity\r\n', `hello${SMUGGLED}`),
    NO_CODING,
  ),
  refused(
    'CL with TE in 1.0',
    `POST /first HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}${SMUGGLED}`,
  ),
  refused(
    'TE in 1.0',
    `POST /first HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}${SMUGGLED}`,
    NO_CODING,
  ),
  refused(
    'TE in 1.0 that wants to be kept',
    `POST /first HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}${SMUGGLED}`,
    NO_CODING,
  ),

  // Codings
  coding(' chunked, chunked'),
  coding(' chunked, identity'),
  coding(' identity, chunked'),
  coding(' identity'),
  coding(' gzip'),
  coding(' gzip, chunked'),
  coding(' chunked, gzip'),
  coding(' xchunked'),
  coding(' chunkedx'),
  coding(' x chunked'),
  coding(' chunked x'),
  coding(''),
  coding(' '),
  coding(' ,'),
  coding(' "chunked"'),
  coding(" 'chunked'"),
  coding(' chunked;q=1'),
  coding(' chunked; foo'),
  coding(' chu nked'),
  coding('\x0bchunked'),
  coding('\x0cchunked'),
  coding(' \x00chunked'),
  coding(' chunked\x00'),
  coding(' chunked\x0b'),
  coding(' chunked\x85'),
  coding('\xa0chunked'),
  coding(' chunked\xc2\xa0'),
  coding(' chun\xe2\x84\xaaed'),
  coding(' \xff'),
  coding(' chu\r\n nked'),
  coding('\r\n chunked'),
  coding('\r\n\tchunked'),
  coding(' \rchunked'),
  coding(' \nchunked'),
  either(
    'Transfer-Encoding "chunked,"',
    post('Transfer-Encoding: chunked,\r\n', HELLO),
    [200, 400, 501],
  ),
  either(
    'Transfer-Encoding ", chunked"',
    post('Transfer-Encoding: , chunked\r\n', HELLO),
    [200, 400, 501],
  ),
  accepted(
    'Transfer-Encoding in capitals',
    post('TRANSFER-ENCODING: CHUNKED\r\n', HELLO),
    bodyIs('hello'),
  ),
  accepted(
    'Transfer-Encoding behind a tab',
    post('Transfer-Encoding:\tchunked\r\n', HELLO),
    bodyIs('hello'),
  ),
  accepted(
    'Transfer-Encoding without a space',
    post('Transfer-Encoding:chunked\r\n', HELLO),
    bodyIs('hello'),
  ),
  accepted(
    'Transfer-Encoding with trailing blanks',
    post('Transfer-Encoding: chunked \t \r\n', HELLO),
    bodyIs('hello'),
  ),
  accepted(
    'GET with chunks',
    `GET /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO}`,
    bodyIs('hello'),
  ),

  // Two lines, other names
  refused(
    'two TE lines, chunked twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED),
    NO_CODING,
  ),
  refused(
    'two TE lines, identity last',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', HELLO + SMUGGLED),
    NO_CODING,
  ),
  refused(
    'two TE lines, identity first',
    post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED),
    NO_CODING,
  ),
  refused(
    'two TE lines, unknown last',
    post('Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n', HELLO + SMUGGLED),
    NO_CODING,
  ),
  refused(
    'two TE lines, unknown first',
    post('Transfer-Encoding: cow\r\nTransfer-encoding: chunked\r\n', HELLO + SMUGGLED),
    NO_CODING,
  ),
  refused(
    'space before the colon of TE',
    post('Transfer-Encoding : chunked\r\n', HELLO + SMUGGLED),
  ),
  refused('tab before the colon of TE', post('Transfer-Encoding\t: chunked\r\n', HELLO + SMUGGLED)),
  refused('TE in a folded line', post('X: a\r\n Transfer-Encoding: chunked\r\n', HELLO + SMUGGLED)),
  refused(
    'TE as first, folded line',
    `POST /first HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a\r\n\r\n${HELLO}${SMUGGLED}`,
  ),
  refused('TE behind a bare CR', post('X: a\rTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED)),
  refused('TE behind a bare LF', post('X: a\nTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED)),
  refused('TE behind LF CR', post('X: a\n\rTransfer-Encoding: chunked\r\n', HELLO + SMUGGLED)),
  refused('TE with NUL in its name', post('Transfer-\x00Encoding: chunked\r\n', HELLO + SMUGGLED)),
  accepted(
    'an underscore twin of TE is no TE',
    post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', 'hello'),
    {
      check: (seen) => {
        expect(seen[0]?.body).toBe('hello')
        expect(seen[0]?.headers).not.toHaveProperty('HTTP_TRANSFER_ENCODING')
      },
    },
  ),
  accepted(
    'an underscore twin of CL is no CL',
    post('Content_Length: 50\r\nContent-Length: 5\r\n', 'hello'),
    {
      check: (seen) => expect(seen[0]?.headers['CONTENT_LENGTH']).toBe('5'),
    },
  ),

  // Lengths
  length(' +5'),
  length(' -5'),
  length(' -0'),
  length(' 0x5'),
  length(' 0x0'),
  length(' 5 5'),
  length(' 5,5'),
  length(' 5, 5'),
  length(' 5,6'),
  length(' 5,'),
  length(' ,5'),
  length(''),
  length(' '),
  length(' five'),
  length(' 5a'),
  length(' a5'),
  length(' 5.0'),
  length(' 1e1'),
  length(' 5_0'),
  length(' 5;'),
  length(' "5"'),
  length(' 5\x00'),
  length(' 5\x0b'),
  length('\x0c5'),
  length(' 5\x85'),
  length('\xa05'),
  length(' \xef\xbc\x95'),
  length(' \xd9\xa5'),
  length('\r\n 5'),
  length(' 5\r\n 0'),
  length(' 5\r'),
  length(' 99999999999999999999', [400, 413]),
  length(' 18446744073709551621', [400, 413]),
  length(' 9007199254740993', [400, 413]),
  length(` ${'9'.repeat(400)}`, [400, 413]),
  refused(
    'two equal CL lines',
    post('Content-Length: 5\r\nContent-Length: 5\r\n', `hello${SMUGGLED}`),
  ),
  refused(
    'two different CL lines',
    post('Content-Length: 5\r\nContent-Length: 0\r\n', `hello${SMUGGLED}`),
  ),
  refused(
    'CL 0 first, then another',
    post('Content-Length: 0\r\ncontent-length: 5\r\n', `hello${SMUGGLED}`),
  ),
  refused('space before the colon of CL', post('Content-Length : 5\r\n', `hello${SMUGGLED}`)),
  refused('space inside the name of CL', post('Content Length: 5\r\n', `hello${SMUGGLED}`)),
  accepted('CL with blanks around', post('Content-Length: \t5 \t\r\n', 'hello'), bodyIs('hello')),
  accepted('CL in lower case', post('content-length:5\r\n', 'hello'), bodyIs('hello')),
  either('CL with leading zeros', post('Content-Length: 0000005\r\n', 'hello')),
  accepted(
    'GET with a body',
    'GET /first HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    bodyIs('hello'),
  ),
  either('POST without any length', post(''), [200, 411]),

  // Chunks
  accepted('chunks', chunked(HELLO), bodyIs('hello')),
  accepted(
    'chunk sizes in hex of both cases',
    chunked(`a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n`),
    bodyIs('01234567890123456789a'),
  ),
  accepted('chunks in single bytes', chunked(HELLO).split(''), bodyIs('hello')),
  accepted(
    'a chunk size in two pieces',
    [chunked('1'), '0\r\n0123456789abcdef\r\n0\r\n\r\n'],
    bodyIs('0123456789abcdef'),
  ),
  accepted(
    'a chunk end in two pieces',
    [chunked('5\r\nhello\r'), '\n0\r\n\r', '\n'],
    bodyIs('hello'),
  ),
  accepted('a chunk extension', chunked('5;ext\r\nhello\r\n0\r\n\r\n'), bodyIs('hello')),
  accepted(
    'a chunk extension with a value',
    chunked('5;ext=value;more=1\r\nhello\r\n0;last\r\n\r\n'),
    bodyIs('hello'),
  ),
  either('a quoted chunk extension', chunked('5;ext="a b"\r\nhello\r\n0\r\n\r\n'), [200, 400]),
  either('a blank before a chunk extension', chunked('5 ;ext\r\nhello\r\n0\r\n\r\n'), [200, 400]),
  either('leading zeros of a chunk size', chunked('0005\r\nhello\r\n0\r\n\r\n'), [200, 400]),
  either('a last chunk of three zeros', chunked('5\r\nhello\r\n000\r\n\r\n'), [200, 400]),
  brokenBody(
    'a thousand leading zeros of a chunk size',
    chunked(`${'0'.repeat(1000)}5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
    [400, 413],
  ),
  ...[
    ['a plus before the size', '+5\r\nhello'],
    ['a minus before the size', '-5\r\nhello'],
    ['0x before the size', '0x5\r\nhello'],
    ['a blank before the size', ' 5\r\nhello'],
    ['a tab before the size', '\t5\r\nhello'],
    ['a blank behind the size', '5 \r\nhello'],
    ['a tab behind the size', '5\t\r\nhello'],
    ['NUL behind the size', '5\x00\r\nhello'],
    ['NEL behind the size', '5\x85\r\nhello'],
    ['vertical tab behind the size', '5\x0b\r\nhello'],
    ['no size', '\r\nhello'],
    ['no size but an extension', ';ext\r\nhello'],
    ['a size that is no hex', 'g\r\nhello'],
    ['an underscore in the size', '0_5\r\nhello'],
    ['two sizes', '5 5\r\nhello'],
    ['a comma in the size', '5,5\r\nhello'],
    ['a point in the size', '5.0\r\nhello'],
    ['a full-width digit as size', '\xef\xbc\x95\r\nhello'],
    ['LF behind the size', '5\nhello'],
    ['CR behind the size', '5\rhello'],
    ['CR CR LF behind the size', '5\r\r\nhello'],
    ['LF in an extension', '5;a\nb\r\nhello'],
    ['CR in an extension', '5;a\rb\r\nhello'],
    ['NUL in an extension', '5;a\x00b\r\nhello'],
    ['too much data', '5\r\nhello!'],
    ['too little data', '6\r\nhello'],
  ].map(([name = '', body = '']) =>
    brokenBody(`chunks: ${name}`, chunked(`${body}\r\n0\r\n\r\n${SMUGGLED}`)),
  ),
  brokenBody('chunks: LF behind the data', chunked(`5\r\nhello\n0\r\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: CR behind the data', chunked(`5\r\nhello\r0\r\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: LF CR behind the data', chunked(`5\r\nhello\n\r0\r\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: nothing behind the data', chunked(`5\r\nhello0\r\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: last chunk ends with LF', chunked(`5\r\nhello\r\n0\n\n${SMUGGLED}`)),
  brokenBody('chunks: last chunk ends with CRLF LF', chunked(`5\r\nhello\r\n0\r\n\n${SMUGGLED}`)),
  brokenBody('chunks: last chunk ends with LF CRLF', chunked(`5\r\nhello\r\n0\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: last chunk ends with CR', chunked(`5\r\nhello\r\n0\r\n\rX${SMUGGLED}`)),
  brokenBody('chunks: last chunk is minus zero', chunked(`5\r\nhello\r\n-0\r\n\r\n${SMUGGLED}`)),
  brokenBody('chunks: last chunk is 0x0', chunked(`5\r\nhello\r\n0x0\r\n\r\n${SMUGGLED}`)),
  ...[
    'FFFFFFFFFFFFFFFFF',
    'FFFFFFFFFFFFFFFF',
    '8000000000000000',
    '10000000000000005',
    '100000005000000000',
    '20000000000001',
  ].map((size) =>
    brokenBody(
      `chunks: size ${size}`,
      chunked(`${size}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`),
      [400, 413],
    ),
  ),
  brokenBody(
    'chunks: a second, huge size',
    chunked(`5\r\nhello\r\nFFFFFFFFFFFFFFFFFF\r\n${SMUGGLED}`),
    [400, 413],
  ),

  // Trailers
  accepted(
    'a trailer stays out of the environ',
    chunked('5\r\nhello\r\n0\r\nX-Late: 1\r\nCookie: a=b\r\n\r\n'),
    {
      check: (seen) => {
        expect(seen[0]?.body).toBe('hello')
        expect(seen[0]?.headers).not.toHaveProperty('HTTP_X_LATE')
        expect(seen[0]?.headers).not.toHaveProperty('HTTP_COOKIE')
      },
    },
  ),
  ...[
    'Content-Length: 50',
    'Transfer-Encoding: chunked',
    'Host: other.test',
    'Connection: close',
    'Content-Type: a/b',
  ].map((line) =>
    either(
      `a trailer ${line} changes nothing`,
      chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`),
      [200, 400],
      {
        check: (seen) => {
          if (seen[0] === undefined || seen[0].error !== null) return
          expect(seen[0].body).toBe('hello')
          expect(seen[0].host).toBe('taipan.test')
          expect(seen[0].headers).not.toHaveProperty('CONTENT_TYPE')
          expect(['5', '', undefined]).toContain(seen[0].headers['CONTENT_LENGTH'])
        },
      },
    ),
  ),
  brokenBody('a trailer without a colon', chunked(`5\r\nhello\r\n0\r\nX-Late\r\n\r\n${SMUGGLED}`)),
  brokenBody(
    'a trailer with a space before the colon',
    chunked(`5\r\nhello\r\n0\r\nX-Late : 1\r\n\r\n${SMUGGLED}`),
  ),
  brokenBody(
    'a folded trailer',
    chunked(`5\r\nhello\r\n0\r\nX-Late: 1\r\n more\r\n\r\n${SMUGGLED}`),
  ),
  brokenBody('a trailer with NUL', chunked(`5\r\nhello\r\n0\r\nX-Late: \x00\r\n\r\n${SMUGGLED}`)),
  brokenBody(
    'a trailer that ends with LF',
    chunked(`5\r\nhello\r\n0\r\nX-Late: 1\n\r\n${SMUGGLED}`),
  ),
  brokenBody('a trailer without a name', chunked(`5\r\nhello\r\n0\r\n: 1\r\n\r\n${SMUGGLED}`)),
  brokenBody('a request in place of trailers', chunked(`5\r\nhello\r\n0\r\n${SMUGGLED}`)),
]
