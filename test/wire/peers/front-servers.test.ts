import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Role } from '../../../src/wire/fastcgi/bodies.ts'
import { Modifier } from '../../../src/wire/uwsgi/packet.ts'
import { bytesOf } from '../../applications/support/bytes.ts'
import { createApache } from '../../support/peers/apache.ts'
import { createLighttpd } from '../../support/peers/lighttpd.ts'
import { createNginxSite } from '../../support/peers/nginx.ts'
import { findMissing, startPeer, type Peer, type PeerKind } from '../../support/peers/peer.ts'
import { fetchRaw, type RawRequest } from '../../support/raw-client.ts'
import { BODY, startRecorder, type Recorder } from './recorder.ts'
import type { Recorded } from './request-readers.ts'

/** A server that passes requests on to a port. */
interface Front {
  readonly name: string
  readonly protocol: 'fastcgi' | 'scgi' | 'uwsgi'
  create(port: number): PeerKind
  /** Variables of `GET /some/p%41th%2Fx?x=%41`, in part; undefined for one that is absent. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** What becomes of a body in chunks; by default it arrives with its length. */
  readonly chunked?: 'without length' | 'refused'
  /** The values of the fields `X-Lab` and `Cookie`, which are sent twice. */
  readonly repeated: readonly string[]
}

const PATH = '/some/pAth/x'
const TWICE = ['one', 'two', 'a=1', 'b=2']
const JOINED_BY_COMMAS = ['one, two', 'a=1, b=2']
const JOINED = ['one, two', 'a=1; b=2']

const FRONTS: readonly Front[] = [
  {
    name: 'nginx, fastcgi_pass',
    protocol: 'fastcgi',
    create: (port) => createNginxLocation('fastcgi', port),
    variables: { SCRIPT_NAME: PATH, PATH_INFO: undefined, QUERY_STRING: 'x=%41' },
    repeated: TWICE,
  },
  {
    name: 'nginx, scgi_pass',
    protocol: 'scgi',
    create: (port) => createNginxLocation('scgi', port),
    variables: { SCRIPT_NAME: undefined, PATH_INFO: undefined, DOCUMENT_URI: PATH },
    repeated: TWICE,
  },
  {
    name: 'nginx, uwsgi_pass',
    protocol: 'uwsgi',
    create: (port) => createNginxLocation('uwsgi', port),
    variables: { SCRIPT_NAME: undefined, PATH_INFO: PATH, QUERY_STRING: 'x=%41' },
    repeated: TWICE,
  },
  {
    name: 'Apache, mod_proxy_fcgi',
    protocol: 'fastcgi',
    create: (port) => createApacheProxy('fcgi', port),
    variables: { SCRIPT_NAME: PATH, PATH_INFO: undefined, QUERY_STRING: 'x=%41' },
    chunked: 'without length',
    repeated: JOINED_BY_COMMAS,
  },
  {
    name: 'Apache, mod_proxy_scgi',
    protocol: 'scgi',
    create: (port) => createApacheProxy('scgi', port),
    variables: { SCRIPT_NAME: PATH, PATH_INFO: undefined, QUERY_STRING: 'x=%41' },
    chunked: 'refused',
    repeated: JOINED_BY_COMMAS,
  },
  {
    name: 'Apache, mod_proxy_uwsgi',
    protocol: 'uwsgi',
    create: (port) => createApacheProxy('uwsgi', port),
    variables: { SCRIPT_NAME: '', PATH_INFO: PATH, QUERY_STRING: 'x=%41' },
    chunked: 'refused',
    repeated: JOINED_BY_COMMAS,
  },
  {
    name: 'lighttpd, fastcgi.server',
    protocol: 'fastcgi',
    create: (port) => createLighttpd(['fastcgi'], formatLighttpd('fastcgi', port)),
    variables: { SCRIPT_NAME: '/some', PATH_INFO: '/pAth/x', QUERY_STRING: 'x=A' },
    repeated: JOINED,
  },
  {
    name: 'lighttpd, scgi.server',
    protocol: 'scgi',
    create: (port) => createLighttpd(['scgi'], formatLighttpd('scgi', port)),
    variables: { SCRIPT_NAME: '/some', PATH_INFO: '/pAth/x', QUERY_STRING: 'x=A' },
    repeated: JOINED,
  },
  {
    name: 'lighttpd, scgi.protocol = "uwsgi"',
    protocol: 'uwsgi',
    create: (port) =>
      createLighttpd(['scgi'], ['scgi.protocol = "uwsgi"', ...formatLighttpd('scgi', port)]),
    variables: { SCRIPT_NAME: '/some', PATH_INFO: '/pAth/x', QUERY_STRING: 'x=A' },
    repeated: JOINED,
  },
]

function createNginxLocation(name: string, port: number): PeerKind {
  const lines = `include /etc/nginx/${name}_params; ${name}_pass 127.0.0.1:${port};`
  return createNginxSite([`location / { ${lines} }`])
}

function createApacheProxy(name: string, port: number): PeerKind {
  return createApache({
    modules: ['proxy', `proxy_${name}`],
    lines: ['AllowEncodedSlashes On', `ProxyPass "/" "${name}://127.0.0.1:${port}/"`],
  })
}

function formatLighttpd(name: string, port: number): string[] {
  const place = `"host" => "127.0.0.1", "port" => ${port}, "check-local" => "disable"`
  return [`${name}.server = ("/" => ((${place})))`]
}

describe.each(FRONTS)('$name', (front) => {
  const missing = findMissing(front.create(1))
  let recorder: Recorder
  let peer: Peer

  beforeAll(async () => {
    recorder = await startRecorder(front.protocol)
    if (missing === undefined)
      peer = await startPeer(front.create(recorder.port), { protocol: 'http' })
  })
  afterAll(async () => {
    await peer?.stop()
    await recorder[Symbol.asyncDispose]()
  })

  const ask = async (request: RawRequest): Promise<Recorded> => {
    const answer = await fetchRaw(peer.place.address, request)
    expect([answer.status, answer.text, answer.header('x-lab')]).toEqual([200, BODY, 'yes'])
    return await recorder.next()
  }

  test.skipIf(missing !== undefined)('a request arrives with its variables', async () => {
    const target = '/some/p%41th%2Fx?x=%41'
    const { variables, body, ...facts } = await ask({ target })
    expect(body.length).toBe(0)
    expect(facts).toEqual(FACTS[front.protocol])
    const found = Object.fromEntries(listPairs(variables))
    expect(found).toMatchObject({
      REQUEST_METHOD: 'GET',
      REQUEST_URI: target,
      REMOTE_ADDR: '127.0.0.1',
      HTTP_HOST: 'taipan.test',
    })
    for (const [name, value] of Object.entries(front.variables)) expect(found[name]).toBe(value)
  })

  test.skipIf(missing !== undefined)('a body arrives whole', async () => {
    const bytes = bytesOf(300_000)
    const { variables, body } = await ask({ method: 'POST', target: '/some', body: bytes })
    expect(body.equals(bytes)).toBe(true)
    expect(new Map(listPairs(variables)).get('CONTENT_LENGTH')).toBe(String(bytes.length))
  })

  test.skipIf(missing !== undefined)('a body in chunks arrives whole, or not at all', async () => {
    const bytes = bytesOf(300_000)
    const request = { method: 'POST', chunks: [bytes.subarray(0, 7), bytes.subarray(7)] }
    if (front.chunked === 'refused') {
      expect((await fetchRaw(peer.place.address, request)).status).toBe(411)
      return
    }
    const { variables, body } = await ask(request)
    expect(body.equals(bytes)).toBe(true)
    const length = front.chunked === 'without length' ? undefined : String(bytes.length)
    expect(new Map(listPairs(variables)).get('CONTENT_LENGTH')).toBe(length)
  })

  test.skipIf(missing !== undefined)('repeated fields arrive', async () => {
    const lab = [['X-Lab', 'one'] as const, ['X-Lab', 'two'] as const]
    const cookies = [['Cookie', 'a=1'] as const, ['Cookie', 'b=2'] as const]
    const { variables } = await ask({ headers: [['Host', 'lab'], ...lab, ...cookies] })
    const found = listPairs(variables).filter(([name]) => /^HTTP_(X_LAB|COOKIE)$/.test(name))
    expect(found.map(([, value]) => value)).toEqual(front.repeated)
  })
})

/** What each protocol says beside the variables. */
const FACTS = {
  fastcgi: { role: Role.RESPONDER, keepsConnection: false },
  scgi: {},
  uwsgi: { modifier: Modifier.WSGI },
}

function listPairs(variables: readonly string[]): [string, string][] {
  return variables.flatMap((name, at) =>
    at % 2 === 0 ? [[name, variables[at + 1] ?? ''] as [string, string]] : [],
  )
}
