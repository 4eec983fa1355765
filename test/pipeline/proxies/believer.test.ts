import { describe, expect, test } from 'vitest'

import type { ConnectionFacts } from '../../../src/core/exchange.ts'
import { Believer } from '../../../src/pipeline/proxies/believer.ts'
import { USUAL_HEADERS, type ProxyHeader } from '../../../src/pipeline/proxies/header-names.ts'
import { createTrust } from '../../../src/pipeline/proxies/trust.ts'

const PEER: ConnectionFacts = {
  scheme: 'http',
  remoteAddress: '10.0.0.1',
  remotePort: '4660',
  localAddress: '10.0.0.9',
  localPort: '8000',
  localPath: '',
}
const TRUST = ['10.0.0.0/8', 'loopback', 'unix', '2001:db8:1::/48']

interface Asked {
  readonly headers?: readonly ProxyHeader[]
  readonly trust?: readonly string[]
  readonly peer?: Partial<ConnectionFacts>
}

function believe(
  fields: readonly string[],
  { headers = USUAL_HEADERS, trust = TRUST, peer }: Asked = {},
) {
  const believer = new Believer({ trust: createTrust(trust), headers })
  const connection = { ...PEER, ...peer }
  const request = {
    method: 'GET',
    target: '/',
    path: '/',
    query: '',
    version: '1.1',
    fields: ['Host', 'own.example', ...fields],
    host: 'own.example',
  } as const
  const believed = believer.believe(connection, request)
  return { ...believed, fields: believed.fields.slice(2), hostField: believed.fields[1] }
}

const FOR = 'X-Forwarded-For'

describe('the client', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7, 10.1.2.3', '203.0.113.7', '203.0.113.7, 10.1.2.3'],
    ['10.9.9.9, 10.1.2.3', '10.9.9.9', '10.9.9.9, 10.1.2.3'],
    ['203.0.113.7:999', '203.0.113.7', '203.0.113.7'],
    ['[2001:db8::7]:999, [2001:db8:1::1]', '2001:db8::7', '2001:db8::7, 2001:db8:1::1'],
    ['203.0.113.7, ::ffff:10.0.0.3', '203.0.113.7', '203.0.113.7, 10.0.0.3'],
    ['203.0.113.7, ::FFFF:a00:3', '203.0.113.7', '203.0.113.7, 10.0.0.3'],
    ['203.0.113.7,,10.1.2.3 ,', '203.0.113.7', '203.0.113.7, 10.1.2.3'],
    ['203.0.113.7, unknown, 10.1.2.3', '10.1.2.3', '10.1.2.3'],
    ['203.0.113.7, <script>, 10.1.2.3', '10.1.2.3', '10.1.2.3'],
  ])('%s', (value, client, left) => {
    const { connection, fields } = believe([FOR, value])
    expect(connection).toMatchObject({ remoteAddress: client, remotePort: '' })
    expect(connection.via?.at(-1)).toBe('10.0.0.1')
    expect(fields).toEqual([FOR, left])
  })

  test('stays the peer, with its port, where the field tells nothing', () => {
    for (const value of ['unknown', '', '10.0.0.1 10.0.0.2', '203.0.113.7, junk']) {
      const { connection, fields } = believe([FOR, value])
      expect(connection).toMatchObject({ remoteAddress: '10.0.0.1', remotePort: '4660' })
      expect(fields).toEqual([])
    }
  })

  test.each([
    [[FOR, '203.0.113.7', 'X_Forwarded_For', '1.1.1.1']],
    [['X_Forwarded_For', '1.1.1.1']],
  ])('a name with underscores, which clients send through proxies, tells nothing: %j', (fields) => {
    const believed = believe(fields)
    expect(believed.connection.remoteAddress).not.toBe('1.1.1.1')
    expect(believed.fields).not.toContain('1.1.1.1')
  })

  test('may be told in several lines', () => {
    const { connection } = believe([FOR, '203.0.113.7', 'A', 'b', 'x-forwarded-for', '10.1.2.3'])
    expect(connection.remoteAddress).toBe('203.0.113.7')
    expect(connection.via).toEqual(['10.1.2.3', '10.0.0.1'])
  })

  test('is looked for behind so many proxies, and no more', () => {
    const value = Array.from({ length: 30_000 }, () => '10.0.0.2').join(',')
    expect(believe([FOR, `203.0.113.7,${value}`]).connection.remoteAddress).toBe('10.0.0.2')
  })

  test('of a proxy at a Unix socket', () => {
    const peer = { remoteAddress: '', remotePort: '', localPath: '/run/x.sock' }
    expect(believe([FOR, '203.0.113.7'], { peer }).connection).toMatchObject({
      remoteAddress: '203.0.113.7',
      via: [],
    })
    const trust = ['0.0.0.0/0', '::/0']
    expect(believe([FOR, '203.0.113.7'], { peer, trust }).connection.remoteAddress).toBe('')
    // A client that was gone before it was accepted has no address either.
    const gone = { remoteAddress: '', remotePort: '' }
    expect(believe([FOR, '203.0.113.7'], { peer: gone }).connection.remoteAddress).toBe('')
  })

  test('of a mapped address', () => {
    const peer = { remoteAddress: '::ffff:10.0.0.1' }
    expect(believe([FOR, '203.0.113.7'], { peer }).connection.remoteAddress).toBe('203.0.113.7')
  })

  test.each(['X-Real-IP', 'X-Client-IP'] as const)('by %s', (header) => {
    const headers = [header]
    expect(believe([header, '203.0.113.7:99'], { headers })).toMatchObject({
      connection: { remoteAddress: '203.0.113.7' },
      fields: [header, '203.0.113.7'],
    })
    expect(believe([header, '203.0.113.7', header, '203.0.113.8'], { headers })).toMatchObject({
      connection: { remoteAddress: '10.0.0.1' },
      fields: [],
    })
  })
})

describe('synonyms', () => {
  const OTHERS = [
    'X-Real-IP',
    '1.1.1.1',
    'x-client-ip',
    '1.1.1.1',
    'X-SCHEME',
    'https',
    'X_Https',
    'on',
  ]

  test('are taken out even where the listed field did not come', () => {
    expect(believe(['A', 'b', ...OTHERS])).toMatchObject({
      connection: PEER,
      fields: ['A', 'b'],
    })
    expect(believe([FOR, '203.0.113.7', ...OTHERS]).fields).toEqual([FOR, '203.0.113.7'])
    expect(believe(['Forwarded', 'for=1.1.1.1']).fields).toEqual([])
  })

  test('are taken out with the listed ones from others', () => {
    const peer = { remoteAddress: '192.0.2.1' }
    const { connection, fields, belief } = believe(
      [FOR, '203.0.113.7', 'X-Forwarded-Proto', 'https', 'X-Request-Id', 'x', 'A', 'b', ...OTHERS],
      { peer },
    )
    expect(connection).toEqual({ ...PEER, ...peer })
    expect([fields, belief]).toEqual([['A', 'b'], {}])
  })

  test('of what is not listed pass as they came', () => {
    const untold = ['X-Forwarded-Host', 'a.example', 'X-Forwarded-Port', '1', 'X-Script-Name', '/x']
    expect(believe(untold).fields).toEqual(untold)
    expect(believe(untold, { peer: { remoteAddress: '192.0.2.1' } }).fields).toEqual(untold)
  })

  test('that are listed count in the order of the list', () => {
    const headers = ['X-Real-IP', 'X-Forwarded-For'] as const
    const given = [FOR, '203.0.113.7', 'X-Real-IP', '203.0.113.8']
    expect(believe(given, { headers })).toMatchObject({
      connection: { remoteAddress: '203.0.113.8' },
      fields: ['X-Real-IP', '203.0.113.8'],
    })
    expect(believe(given.slice(0, 2), { headers }).connection.remoteAddress).toBe('203.0.113.7')
  })
})

describe('the scheme', () => {
  test.each([
    ['X-Forwarded-Proto', 'https', 'https'],
    ['X-Forwarded-Proto', 'WSS', 'https'],
    ['X-Scheme', 'HTTP', 'http'],
    ['X-Forwarded-Scheme', 'gopher', 'http'],
    ['X-Forwarded-SSL', 'On', 'https'],
    ['X-Forwarded-HTTPS', 'true', 'https'],
    ['X-HTTPS', '1', 'https'],
    ['X-HTTPS', 'yes', 'http'],
  ] as const)('%s: %s', (header, value, scheme) => {
    expect(believe([header, value], { headers: [header] }).connection.scheme).toBe(scheme)
  })

  test('beats that of the connection', () => {
    const peer = { scheme: 'https' } as const
    expect(believe(['X-Forwarded-Proto', 'http'], { peer }).connection.scheme).toBe('http')
    const headers = ['X-HTTPS'] as const
    expect(believe(['X-HTTPS', 'Off'], { peer, headers }).connection.scheme).toBe('http')
    expect(believe(['X-HTTPS', 'Offf'], { peer, headers }).connection.scheme).toBe('https')
  })

  test('of a list is that of the proxy which has told the client', () => {
    const told = (client: string, scheme: string) =>
      believe([FOR, client, 'X-Forwarded-Proto', scheme]).connection.scheme
    expect(told('203.0.113.7, 10.1.2.3', 'https, http')).toBe('https')
    expect(told('203.0.113.7', 'https, http')).toBe('http')
    expect(told('203.0.113.7, 10.1.2.3', 'https')).toBe('https')
  })
})

describe('host, server, port, mount and id', () => {
  test('are believed where they are listed', () => {
    const headers = [
      'X-Forwarded-Host',
      'X-Forwarded-Server',
      'X-Forwarded-Port',
      'X-Script-Name',
      'X-Request-Id',
    ] as const
    const { belief, connection, fields, hostField } = believe(
      headers.flatMap((header, at) => [
        header,
        ['a.example:81', 'b.example', '443', '/x/', 'r-1'][at] ?? '',
      ]),
      { headers },
    )
    expect(belief).toEqual({
      host: 'a.example:81',
      server: 'b.example',
      port: '443',
      mount: '/x',
      id: 'r-1',
    })
    expect(connection).toMatchObject({
      localAddress: 'b.example',
      localPort: '443',
      remotePort: '4660',
    })
    expect(hostField).toBe('a.example:81')
    expect(fields).toContain('X-Forwarded-Host')
  })

  test.each([
    ['X-Forwarded-Host', 'a b'],
    ['X-Host', 'a/b'],
    ['X-Forwarded-Server', ''],
    ['X-Forwarded-Port', '0'],
    ['X-Forwarded-Port', '65536'],
    ['X-Forwarded-Port', '8o'],
    ['X-Script-Name', 'x'],
    ['X-Script-Name', '/x/../y'],
    ['X-Script-Name', '//evil.example'],
    ['X-Forwarded-Script-Name', '/x?y'],
    ['X-Request-Id', 'two words'],
    ['X-Request-Id', 'x'.repeat(129)],
    ['X-Request-Id', ''],
  ] as const)('%s: %j is not', (header, value) => {
    const { belief, fields } = believe([header, value], { headers: [header] })
    expect([belief, fields]).toEqual([{}, []])
  })

  test('a server at a Unix socket has a port', () => {
    const peer = { remoteAddress: '', localAddress: '', localPort: '', localPath: '/x' }
    const headers = ['X-Forwarded-Server', 'X-Forwarded-Proto'] as const
    const fields = ['X-Forwarded-Server', 'a.example', 'X-Forwarded-Proto', 'https']
    expect(believe(fields, { peer, headers }).connection).toMatchObject({
      localAddress: 'a.example',
      localPort: '443',
    })
  })
})

describe('Forwarded', () => {
  const headers = ['Forwarded'] as const

  test('scheme and host are of the element that names the client', () => {
    const value = [
      'for=198.51.100.1;proto=http;host=evil.example',
      'for="203.0.113.7:999";proto=https;host="a.example:81"',
      'for=10.1.2.3;proto=http;host=inner.example',
    ].join(', ')
    const { connection, belief, fields, hostField } = believe(['Forwarded', value], { headers })
    expect(connection).toMatchObject({ remoteAddress: '203.0.113.7', scheme: 'https' })
    expect(belief.host).toBe('a.example:81')
    expect(hostField).toBe('a.example:81')
    expect(fields[1]).toMatch(/^for="203\.0\.113\.7:999".*inner\.example$/)
  })

  test('a client that is hidden leaves what the nearest proxy tells', () => {
    const { connection } = believe(['Forwarded', 'for=_x;proto=https'], { headers })
    expect(connection).toMatchObject({ remoteAddress: '10.0.0.1', scheme: 'https' })
  })

  test('what is broken is not believed', () => {
    const { connection, fields } = believe(['Forwarded', 'for=1.2.3.4;proto'], { headers })
    expect([connection, fields]).toEqual([PEER, []])
  })

  test('all that tells the same is taken out', () => {
    const given = [
      FOR,
      '1.1.1.1',
      'X-Scheme',
      'https',
      'X-Host',
      'x',
      'Forwarded',
      'for=203.0.113.7',
    ]
    expect(believe(given, { headers }).fields).toEqual(['Forwarded', 'for=203.0.113.7'])
    const peer = { remoteAddress: '192.0.2.1' }
    expect(believe(given, { headers, peer }).fields).toEqual([])
  })
})
