import { describe, expect, test } from 'vitest'

import { formatBegin, ProtocolStatus, Role } from '../../../src/wire/fastcgi/bodies.ts'
import { formatPairs, parsePairs } from '../../../src/wire/fastcgi/pairs.ts'
import { formatRecord, RecordType } from '../../../src/wire/fastcgi/records.ts'
import { bytesOf, sha256 } from '../../applications/support/bytes.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import type { PeerKind } from '../../support/peers/peer.ts'
import { phpCgi, phpFpm } from '../../support/peers/php.ts'
import { fcgiwrap, nodeFastcgi, uwsgi } from '../../support/peers/programs.ts'
import { flup, spawnFcgi } from '../../support/peers/python.ts'
import {
  askFastcgi,
  FastcgiClient,
  formatFastcgiRequest,
  type FastcgiAnswer,
} from './fastcgi-client.ts'
import { listValues, parseAnswer, type CgiAnswer } from './cgi-answer.ts'
import { listVariables, type PeerRequest } from './variables.ts'

/** What an application does in its own way. */
interface Row {
  readonly kind: PeerKind
  /** It keeps a connection when it is asked to. */
  readonly keeps: boolean
  /** Its answer to GET_VALUES; undefined if it has none. */
  readonly values: Readonly<Record<string, string>> | undefined
  /** Bytes of two variables that it takes; of more than a record by default. */
  readonly variables?: number
}

const PEERS: readonly Row[] = [
  { kind: phpFpm, keeps: true, values: { FCGI_MPXS_CONNS: '0' } },
  { kind: phpCgi, keeps: true, values: { FCGI_MPXS_CONNS: '0' } },
  { kind: flup, keeps: true, values: {} },
  { kind: spawnFcgi, keeps: true, values: {} },
  { kind: fcgiwrap, keeps: true, values: { FCGI_MPXS_CONNS: '0' } },
  { kind: uwsgi, keeps: false, values: undefined, variables: 20_000 },
  // It says that it multiplexes, and closes the connection after the first answer.
  { kind: nodeFastcgi, keeps: false, values: { FCGI_MPXS_CONNS: '1' } },
]

const RESPONDER = formatBegin({ role: Role.RESPONDER, keepsConnection: false })
/** Length of a BEGIN_REQUEST. */
const BEGIN_BYTES = 16

const parse = ({ stdout }: FastcgiAnswer): CgiAnswer => parseAnswer(stdout)

describe.each([false, true])('on a Unix socket: %s', (unix) => {
  for (const { kind, keeps, values, variables: size = 40_000 } of PEERS) {
    describePeer(kind, { protocol: 'fastcgi', unix }, (current) => {
      const list = (request: PeerRequest): string[] =>
        listVariables({ mount: '/lab', script: kind.script, ...request })

      test('takes variables and answers', async () => {
        const long = 'x'.repeat(300)
        const more = ['HTTP_X_LONG', long, 'HTTP_X_EMPTY', '']
        const params = list({ path: '/echo', query: 'a=1&b=2', more })
        const answer = await askFastcgi(current().place.address, { params })
        expect(answer.end).toEqual({ appStatus: 0, protocolStatus: ProtocolStatus.COMPLETE })
        const { status = 200, body } = parse(answer)
        expect(status).toBe(200)
        expect(JSON.parse(body)).toMatchObject({
          method: 'GET',
          script: '/lab',
          path: '/echo',
          query: 'a=1&b=2',
          size: 0,
          variables: { HTTP_X_LONG: long },
        })
      })

      test('takes long variables, cut between pairs', async () => {
        const long = 'v'.repeat(size)
        const params = list({ path: '/echo', more: ['HTTP_X_A', long, 'HTTP_X_B', long] })
        const answer = await askFastcgi(current().place.address, { params })
        const { variables } = JSON.parse(parse(answer).body)
        expect([variables.HTTP_X_A, variables.HTTP_X_B]).toEqual([long, long])
      })

      test.each([1, 65_535, 65_536, 700_000])('takes a body of %i bytes', async (size) => {
        const stdin = bytesOf(size)
        const params = list({ path: '/echo', method: 'POST', length: size })
        const answer = await askFastcgi(current().place.address, { params, stdin })
        const seen = JSON.parse(parse(answer).body)
        expect(seen).toMatchObject({ method: 'POST', size, sha256: sha256(stdin) })
      })

      test('sends a body of many records', async () => {
        const params = list({ path: '/large', query: 'size=3000000' })
        const { body } = parse(await askFastcgi(current().place.address, { params }))
        expect(sha256(Buffer.from(body, 'latin1'))).toBe(
          sha256(Buffer.alloc(3_000_000, '0123456789')),
        )
      })

      test('sends repeated fields', async () => {
        const answer = await askFastcgi(current().place.address, {
          params: list({ path: '/repeated' }),
        })
        const values = listValues(parse(answer), 'set-cookie')
        expect(values).toEqual(['a=1', 'b=2; Path=/'])
      })

      test('keeps its connection, or closes it nevertheless', async () => {
        using client = await FastcgiClient.open(current().place.address)
        const request = { params: list({ path: '/echo' }), keepsConnection: true }
        expect(parse(await client.ask(request)).body).toContain('"size"')
        if (keeps) expect(parse(await client.ask(request)).body).toContain('"size"')
        else await client.connection.waitForEnd()
      })

      test('closes its connection otherwise', async () => {
        using client = await FastcgiClient.open(current().place.address)
        await client.ask({ params: list({ path: '/echo' }) })
        await client.connection.waitForEnd()
      })

      if (unix) return
      test(`answers GET_VALUES with ${JSON.stringify(values) ?? 'nothing'}`, async () => {
        using client = await FastcgiClient.open(current().place.address)
        client.connection.send(
          formatRecord(RecordType.GET_VALUES, 0, formatPairs(['FCGI_MPXS_CONNS', ''])),
        )
        const found = () => client.management.get(RecordType.GET_VALUES_RESULT)
        if (values === undefined) {
          await client.connection.waitForEnd()
          expect(found()).toBeUndefined()
          return
        }
        await client.waitUntil(() => found() !== undefined, 'GET_VALUES_RESULT')
        const pairs = parsePairs(found() ?? Buffer.alloc(0), 'UPSTREAM_FAILED')
        expect(pairs).toEqual(Object.entries(values).flat())
      })
    })
  }
})

describePeer(phpFpm, { protocol: 'fastcgi', children: 2 }, (current) => {
  const params = listVariables({ path: '/echo', script: phpFpm.script })

  test('a third connection waits for two that are kept', async () => {
    const { address } = current().place
    using first = await FastcgiClient.open(address)
    using second = await FastcgiClient.open(address)
    using third = await FastcgiClient.open(address)
    await first.ask({ params, keepsConnection: true })
    await second.ask({ params, keepsConnection: true })
    const waiting = third.ask({ params })
    await second.ask({ params, keepsConnection: true })
    expect(third.connection.received).toBe(0)
    first.connection.destroy()
    expect(parse(await waiting).body).toContain('"size"')
  })

  test('a pair that is cut has no answer', async () => {
    using client = await FastcgiClient.open(current().place.address)
    const pairs = formatPairs(params)
    client.connection.send(
      Buffer.concat([
        formatRecord(RecordType.BEGIN_REQUEST, 1, RESPONDER),
        formatRecord(RecordType.PARAMS, 1, pairs.subarray(0, 20)),
        formatRecord(RecordType.PARAMS, 1, pairs.subarray(20)),
        formatRecord(RecordType.PARAMS, 1),
        formatRecord(RecordType.STDIN, 1),
      ]),
    )
    await client.connection.waitForEnd()
    expect(client.connection.received).toBe(0)
  })

  test('error output comes in records of its own', async () => {
    const answer = await askFastcgi(current().place.address, {
      params: listVariables({ path: '/complain', script: phpFpm.script }),
    })
    expect(parse(answer).body).toBe('complained')
    expect(answer.stderr).toContain('a complaint of the application')
  })

  test('a script that is none is a 404 of its own', async () => {
    const missing = listVariables({ path: '/echo', script: '/nowhere/lab.php' })
    const answer = await askFastcgi(current().place.address, { params: missing })
    expect(parse(answer)).toMatchObject({ status: 404, body: 'File not found.\n' })
    expect(answer.stderr).toContain('Primary script unknown')
  })
})

describePeer(flup, { protocol: 'fastcgi' }, (current) => {
  const params = listVariables({ path: '/slow' })

  test('a request that begins within another one is refused', async () => {
    using client = await FastcgiClient.open(current().place.address)
    const request = { params, keepsConnection: true }
    const whole = formatFastcgiRequest(request)
    const head = whole.subarray(0, BEGIN_BYTES)
    client.connection.send(head)
    const second = await client.ask({ ...request, id: 2 })
    expect(second.end?.protocolStatus).toBe(ProtocolStatus.CANNOT_MULTIPLEX)
    client.connection.send(whole.subarray(head.length))
    expect((await client.readAnswer(1)).stdout).toContain('second')
  })

  test.each([Role.AUTHORIZER, Role.FILTER])('role %i is unknown', async (role) => {
    const answer = await askFastcgi(current().place.address, { params, role })
    expect(answer.end?.protocolStatus).toBe(ProtocolStatus.UNKNOWN_ROLE)
  })

  test('error output comes after the end of the output', async () => {
    const complain = listVariables({ path: '/complain' })
    const answer = await askFastcgi(current().place.address, { params: complain })
    expect(answer.stderr).toContain('a complaint of the application')
    expect(parse(answer).body).toBe('complained')
  })
})

describePeer(nodeFastcgi, { protocol: 'fastcgi' }, (current) => {
  test('the first answer ends its connection, and other requests with it', async () => {
    using client = await FastcgiClient.open(current().place.address)
    const ask = (path: string, id: number) =>
      client.ask({ params: listVariables({ path }), id, keepsConnection: true })
    const [slow, fast] = await Promise.all([ask('/slow', 1), ask('/repeated', 2)])
    expect(parse(fast).body).toBe('repeated')
    expect(slow.end).toBeUndefined()
  })

  test('authorizes', async () => {
    const ask = async (more: readonly string[]) =>
      parse(
        await askFastcgi(current().place.address, {
          params: listVariables({ path: '', more }),
          role: Role.AUTHORIZER,
        }),
      )
    const allowed = await ask(['HTTP_X_PASS', 'open'])
    expect(allowed.status ?? 200).toBe(200)
    expect(allowed.fields.join('\n')).toMatch(/^Variable-LAB_USER\nsomebody$/im)
    expect((await ask([])).status).toBe(403)
  })

  test('filters', async () => {
    const data = Buffer.from('some text')
    const more = ['FCGI_DATA_LENGTH', String(data.length), 'FCGI_DATA_LAST_MOD', '0']
    const params = listVariables({ path: '/', more })
    const answer = await askFastcgi(current().place.address, { params, data, role: Role.FILTER })
    expect(answer.stdout).toContain('SOME TEXT')
  })
})
