import { expect } from 'vitest'

import { accepted, either, HOST, refused, SMUGGLED, type Row } from './row.ts'

const VERSION = [400, 505]

function line(requestLine: string, statuses: readonly number[] = [400]): Row {
  return refused(
    `request line ${JSON.stringify(requestLine)}`,
    `${requestLine}\r\n${HOST}\r\n${SMUGGLED}`,
    statuses,
  )
}

function target(value: string, statuses: readonly number[] = [200, 400]): Row {
  return either(`target ${JSON.stringify(value)}`, `GET ${value} HTTP/1.1\r\n${HOST}\r\n`, statuses)
}

function absolute(
  value: string,
  want: { host: string; path: string; query?: string; uri?: string },
): Row {
  return accepted(
    `absolute-form ${JSON.stringify(value)}`,
    `GET ${value} HTTP/1.1\r\n${HOST}\r\n`,
    {
      check: (seen) => {
        expect(seen[0]?.host).toBe(want.host)
        expect(seen[0]?.path).toBe(want.path)
        expect(seen[0]?.query).toBe(want.query ?? '')
        expect(seen[0]?.uri ?? '/').toMatch(/^\//)
      },
    },
  )
}

/** The first line: methods, targets and versions. */
export const REQUEST_LINE: readonly Row[] = [
  // Versions
  ...[
    'HTTP/0.9',
    'HTTP/1.2',
    'HTTP/1.9',
    'HTTP/2.0',
    'HTTP/2',
    'HTTP/3',
    'HTTP/3.0',
    'HTTP/9.9',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/1.10',
    'HTTP/1.01',
    'HTTP/01.1',
    'HTTP/11.1',
    'HTTP/1.1x',
    'HTTP/+1.1',
    'HTTP/1,1',
    'HTTP/1 .1',
    'HTTP /1.1',
    'HTTP/ 1.1',
    'http/1.1',
    'Http/1.1',
    'HTPP/1.1',
    'HTTPS/1.1',
    'xHTTP/1.1',
    'HTTP-1.1',
    'HTTP1.1',
    'HTTP/',
    'HTTP',
    'RTSP/1.0',
    'ICE/1.0',
    'SIP/2.0',
    'HTTP/1.1\x00',
    'HTTP/1.\xd9\xa1',
    'HTTP/1.1 ',
    'HTTP/1.1\t',
    'HTTP/1.1 HTTP/1.1',
  ].map((version) => line(`GET /first ${version}`, VERSION)),
  refused('HTTP/0.9 request', `GET /first\r\n${SMUGGLED}`, VERSION),
  refused('HTTP/0.9 request and its end', 'GET /first\r\n', VERSION, { leaving: 'half-close' }),
  refused('HTTP/0.9 request with fields', `GET /first\r\n${HOST}\r\n${SMUGGLED}`, VERSION),
  refused('HTTP/0.9 request with a blank', `GET /first \r\n${HOST}\r\n${SMUGGLED}`, VERSION),

  // Shape
  ...[
    'GET',
    'GET ',
    'GET  HTTP/1.1',
    ' GET /first HTTP/1.1',
    '\tGET /first HTTP/1.1',
    'GET\t/first\tHTTP/1.1',
    'GET\t/first HTTP/1.1',
    'GET /first\tHTTP/1.1',
    'GET  /first HTTP/1.1',
    'GET /first  HTTP/1.1',
    'GET /first HTTP/1.1  ',
    'GET /a b HTTP/1.1',
    'GET/first HTTP/1.1',
    'GET /firstHTTP/1.1',
    'G<T /first HTTP/1.1',
    'GE(T) /first HTTP/1.1',
    'G\x00T /first HTTP/1.1',
    'G\xc9T /first HTTP/1.1',
    '/first HTTP/1.1',
    ' /first HTTP/1.1',
    '"GET" /first HTTP/1.1',
    'GET: /first HTTP/1.1',
    '\x00\x00GET /first HTTP/1.1',
    '\xef\xbb\xbfGET /first HTTP/1.1',
    'GET\x0b/first HTTP/1.1',
    'GET\xa0/first HTTP/1.1',
    'HTTP/1.1 200 OK',
    'Host: taipan.test',
    '{"method": "GET"}',
  ].map((text) => line(text, VERSION)),
  refused('request line ends with LF', `GET /first HTTP/1.1\n${HOST}\r\n${SMUGGLED}`),
  refused('request line ends with CR', `GET /first HTTP/1.1\r${HOST}\r\n${SMUGGLED}`, VERSION),
  refused(
    'request line ends with CR CR LF',
    `GET /first HTTP/1.1\r\r\n${HOST}\r\n${SMUGGLED}`,
    VERSION,
  ),
  refused('CR in the request line', `GET /fi\rrst HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`),
  refused(
    'everything with LF',
    'GET /first HTTP/1.1\nHost: taipan.test\n\nGET /smuggled HTTP/1.1\nHost: a\n\n',
  ),
  refused('everything with CR', 'GET /first HTTP/1.1\rHost: taipan.test\r\r', [400, 505], {
    leaving: 'half-close',
  }),
  either('one empty line before the request', `\r\nGET /first HTTP/1.1\r\n${HOST}\r\n`),
  refused('a bare LF before the request', `\nGET /first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`),
  refused('a bare CR before the request', `\rGET /first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`),
  refused(
    '10,000 empty lines before the request',
    `${'\r\n'.repeat(10_000)}GET /first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`,
    [400, 431],
  ),

  // Methods
  either('an unknown method', `BREW /first HTTP/1.1\r\n${HOST}\r\n`, [200, 400, 405, 501]),
  either('a method in lower case', `get /first HTTP/1.1\r\n${HOST}\r\n`, [200, 400, 405, 501]),
  either('a WebDAV method', `PROPFIND /first HTTP/1.1\r\n${HOST}\r\n`, [200]),
  either('PATCH', `PATCH /first HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`, [200]),
  refused(
    'a method of 100 KB',
    `${'A'.repeat(100_000)} /first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`,
    [400, 414, 431, 501],
  ),
  refused('CONNECT', `CONNECT taipan.test:80 HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`, [400, 405, 501]),
  refused(
    'CONNECT with a path',
    `CONNECT /first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`,
    [400, 405, 501],
  ),
  refused(
    'CONNECT with a body',
    `CONNECT taipan.test:80 HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${SMUGGLED}`,
    [400, 405, 501],
  ),
  refused(
    'CONNECT with an absolute target',
    `CONNECT http://taipan.test/first HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`,
    [400, 405, 501],
  ),

  // Targets
  line('GET * HTTP/1.1'),
  line('POST * HTTP/1.1'),
  line('GET first HTTP/1.1'),
  line('GET ?x=1 HTTP/1.1'),
  line('GET taipan.test:80 HTTP/1.1'),
  line('GET taipan.test HTTP/1.1'),
  line('OPTIONS taipan.test:80 HTTP/1.1'),
  line('GET /a\x00b HTTP/1.1'),
  line('GET /a\x7fb HTTP/1.1'),
  line('GET /a\x01b HTTP/1.1'),
  line('GET /a\tb HTTP/1.1'),
  line('GET /a\nb HTTP/1.1'),
  line('GET *x HTTP/1.1'),
  line('GET /first?a b HTTP/1.1'),
  line('OPTIONS *x HTTP/1.1'),
  either('OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, [200, 204, 400, 404, 405]),
  accepted('a target with two slashes', `GET //other.test/first HTTP/1.1\r\n${HOST}\r\n`, {
    check: (seen) => {
      expect(seen[0]?.host).toBe('taipan.test')
      expect(seen[0]?.path).toBe('//other.test/first')
    },
  }),
  accepted('a target with a query of its own', `GET /first?a=b?c=/d HTTP/1.1\r\n${HOST}\r\n`, {
    check: (seen) => expect(seen[0]?.query).toBe('a=b?c=/d'),
  }),
  accepted(
    'an origin-form with a URL inside',
    `GET /first?u=http://other.test/ HTTP/1.1\r\n${HOST}\r\n`,
    {
      check: (seen) => expect(seen[0]?.host).toBe('taipan.test'),
    },
  ),
  target('/first#fragment'),
  target('/\xc3\xa9'),
  target('/\xff'),
  target('/%zz'),
  target('/%'),
  target('/%00'),
  target('/a\\b'),
  target('/../../etc/passwd', [200, 400, 404]),
  target('/%2e%2e/%2e%2e/', [200, 400, 404]),
  target('/"<>`{|}^'),
  accepted(
    'line breaks behind percent signs stay inside the path',
    `GET /first%0d%0aX-Evil:%201 HTTP/1.1\r\n${HOST}\r\n`,
    {
      check: (seen) => {
        expect(seen[0]?.path).toBe('/first\r\nX-Evil: 1')
        expect(seen[0]?.headers).not.toHaveProperty('HTTP_X_EVIL')
      },
    },
  ),

  // Absolute-form
  absolute('http://other.test/first?x=1', { host: 'other.test', path: '/first', query: 'x=1' }),
  absolute('http://other.test:81/first', { host: 'other.test:81', path: '/first' }),
  absolute('http://other.test', { host: 'other.test', path: '/' }),
  absolute('http://other.test/', { host: 'other.test', path: '/' }),
  absolute('HTTP://other.test/first', { host: 'other.test', path: '/first' }),
  absolute('http://[::1]:80/first', { host: '[::1]:80', path: '/first' }),
  absolute('http://other.test/http://third.test/', {
    host: 'other.test',
    path: '/http://third.test/',
  }),
  either(
    'absolute-form with only a query',
    `GET http://other.test?x=1 HTTP/1.1\r\n${HOST}\r\n`,
    [200, 400],
    {
      check: (seen) => {
        for (const one of seen)
          expect([one.path, one.query, one.host]).toEqual(['/', 'x=1', 'other.test'])
      },
    },
  ),
  either(
    'absolute-form with https',
    `GET https://other.test/first HTTP/1.1\r\n${HOST}\r\n`,
    [200, 400, 421],
  ),
  either(
    'absolute-form with ftp',
    `GET ftp://other.test/first HTTP/1.1\r\n${HOST}\r\n`,
    [200, 400, 421],
  ),
  either('absolute-form with a fragment', `GET http://other.test/first#x HTTP/1.1\r\n${HOST}\r\n`),
  ...[
    'http://',
    'http:///first',
    'http:/first',
    'http:first',
    '://other.test/first',
    'http://other.test:abc/first',
    'http://user:pw@other.test/first',
    'http://user@other.test/first',
    'http://[::1/first',
    'http://a<b/first',
    'http://other.test\\@third.test/first',
    'http://\xff/first',
    'javascript:alert(1)',
    'file:///etc/passwd',
  ].map((text) => line(`GET ${text} HTTP/1.1`)),
  refused('absolute-form without Host', `GET http://other.test/first HTTP/1.1\r\n\r\n${SMUGGLED}`),
  refused(
    'absolute-form with two Hosts',
    `GET http://other.test/first HTTP/1.1\r\n${HOST}${HOST}\r\n${SMUGGLED}`,
  ),
  refused(
    'absolute-form with an invalid Host',
    `GET http://other.test/first HTTP/1.1\r\nHost: a b\r\n\r\n${SMUGGLED}`,
  ),

  // Not HTTP at all
  refused('a TLS handshake', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n', VERSION, {
    leaving: 'half-close',
  }),
  refused('an SSH banner', 'SSH-2.0-OpenSSH_9.6\r\n', VERSION, { leaving: 'half-close' }),
  refused('an SMTP greeting', 'EHLO taipan.test\r\nMAIL FROM:<a@b>\r\n\r\n', VERSION, {
    leaving: 'half-close',
  }),
  refused(
    'a PROXY line',
    `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /first HTTP/1.1\r\n${HOST}\r\n`,
    VERSION,
  ),
  refused(
    'an answer in place of a request',
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`,
    VERSION,
  ),
]
