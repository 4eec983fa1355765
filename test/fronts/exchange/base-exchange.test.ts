import { expect, test } from 'vitest'

import type { Outcome, RequestHead } from '../../../src/core/exchange.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { createResponseHead, type ResponseHead } from '../../../src/core/response-head.ts'
import { BaseExchange, type ExchangeLink } from '../../../src/fronts/exchange/base-exchange.ts'
import { BaseResponse } from '../../../src/fronts/exchange/base-response.ts'
import type { BodyAnnouncement } from '../../../src/fronts/exchange/incoming-body.ts'

/** A response that records its parts; the rules of all protocols apply. */
class KeptResponse extends BaseResponse {
  readonly puts: unknown[] = []
  waiting = 0

  get pending(): number {
    return this.waiting
  }

  protected get low(): boolean {
    return this.waiting === 0
  }

  protected putWhole(
    head: ResponseHead,
    added: number | undefined,
    body: Uint8Array | string,
  ): void {
    this.puts.push(['whole', head.status, head.fields.pairs, added, toText(body)])
  }

  protected putHead(head: ResponseHead): void {
    this.puts.push(['head', head.status, head.fields.pairs])
  }

  protected putPiece(piece: Uint8Array): void {
    this.puts.push(toText(piece))
  }

  protected putInterim(status: number, fields: FieldBlock): void {
    this.puts.push([status, fields.pairs])
  }

  protected putEnd(trailers: FieldBlock): void {
    this.puts.push(['end', trailers.pairs])
  }

  protected cut(reason: Error): void {
    this.puts.push(reason.message)
  }
}

class KeptExchange extends BaseExchange<RequestHead & BodyAnnouncement, KeptResponse> {
  readonly webSocket = undefined
}

function toText(body: Uint8Array | string): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
}

function createExchange(method = 'GET', bodyLength = 0): KeptExchange {
  const link: ExchangeLink = {
    facts: {
      scheme: 'https',
      remoteAddress: '',
      remotePort: '',
      localAddress: '',
      localPort: '',
      localPath: '',
    },
    clientEnded: false,
    resumeBody: () => {},
    sendContinue: () => {},
  }
  const head = {
    method,
    target: '/',
    path: '/',
    query: '',
    version: '2',
    fields: [],
    host: 'a',
  } as const
  const request = { ...head, bodyLength, expectsContinue: false }
  return new KeptExchange(link, request, new KeptResponse(method))
}

const LENGTH = ['Content-Length', '3']

test.each([
  ['GET 200', [], 'abc', [[], 3, 'abc']],
  ['GET 200', LENGTH, 'abcdef', [LENGTH, undefined, 'abc']],
  ['HEAD 200', [], 'abc', [[], 3, '']],
  ['HEAD 200', [], '', [[], undefined, '']],
  ['HEAD 200', LENGTH, '', [LENGTH, undefined, '']],
  ['GET 204', LENGTH, 'abc', [[], undefined, '']],
  ['GET 304', LENGTH, 'abc', [LENGTH, undefined, '']],
] as const)('%s with %j and %j is put whole', (line, pairs, body, put) => {
  const [method = '', status] = line.split(' ')
  const { response } = createExchange(method)
  response.send(createResponseHead(Number(status), pairs), body)
  response.send(createResponseHead(200, []), 'again')
  response.write(Buffer.from('again'))
  expect(response.puts).toEqual([['whole', Number(status), ...put]])
  expect([response.begun, response.finished, response.bytes]).toEqual([true, true, put[2].length])
})

test('pieces are cut at the length, hints come before the head, trailers at the end', () => {
  const { response } = createExchange()
  response.inform(103, new FieldBlock('Link: </a>\r\n'))
  response.begin(createResponseHead(200, LENGTH))
  response.inform(103, new FieldBlock('Link: </b>\r\n'))
  for (const piece of ['ab', 'cd', 'ef']) response.write(Buffer.from(piece))
  response.end(new FieldBlock('Sum: 1\r\n'))
  const head = ['head', 200, LENGTH]
  expect(response.puts).toEqual([[103, ['Link', '</a>']], head, 'ab', 'c', ['end', ['Sum', '1']]])
})

test.each(['HEAD', 'GET'])('a body that is too short: %s', (method) => {
  const { response } = createExchange(method)
  response.begin(createResponseHead(200, LENGTH))
  response.write(Buffer.from('a'))
  response.end()
  expect(response.puts.slice(1)).toEqual(
    method === 'HEAD'
      ? [['end', []]]
      : ['a', 'the body is 2 bytes shorter than its Content-Length'],
  )
  expect(response.finished).toBe(true)
})

test('a blocked writer waits for onDrain', () => {
  const { response } = createExchange()
  let drains = 0
  response.onDrain = () => {
    drains += 1
  }
  response.begin(createResponseHead(200, []))
  response.waiting = 1 << 20
  expect(response.write(Buffer.from('a'))).toBe(false)
  response.noteProgress()
  expect(drains).toBe(0)
  response.waiting = 0
  expect(response.write(Buffer.from('b'))).toBe(false)
  response.noteProgress()
  response.noteProgress()
  expect(drains).toBe(1)
  expect(response.write(Buffer.from('c'))).toBe(true)
})

test('an aborted exchange fails its body, and reports its end once', () => {
  const exchange = createExchange('POST', 10)
  const outcomes: Outcome[] = []
  exchange.onFinish((outcome) => outcomes.push(outcome))
  exchange.body.push(Buffer.from('hello'))
  const reason = new Error('the client left')
  exchange.settle(reason)
  exchange.settle(undefined)
  exchange.onFinish((outcome) => outcomes.push(outcome))
  const once = { status: 0, bytes: 0, error: reason }
  expect(outcomes).toMatchObject([once, once])
  expect(outcomes[0]?.measure?.()).toMatchObject({ sent: 0, earlier: 0 })
  expect(exchange.body).toMatchObject({ error: reason, buffered: 0, length: 10 })
  expect(exchange.response.finished).toBe(true)
})
