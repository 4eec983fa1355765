import { describe, expect, test } from 'vitest'

import { answerError } from '../../../src/core/answer-error.ts'
import type { Exchange } from '../../../src/core/exchange.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import type { Invocation, Upstream } from '../../../src/core/upstream.ts'
import { askScript } from '../../../src/pipeline/guard/question.ts'
import { createScriptAccess, ScriptAuthority } from '../../../src/pipeline/guard/script-guard.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'

const HEAD = createResponseHead(200, [])

/** An upstream that answers as it is told. */
function createUpstream(run: (exchange: Exchange, invocation: Invocation) => void): Upstream {
  return {
    run,
    gatheredBytes: () => 0,
    capacity: { idle: 1, total: 1 },
    statistics: { running: 0, waiting: 0, finished: 0, failed: 0 },
    failure: undefined,
    start: async () => {},
    stop: async () => {},
  }
}

function ask(run: (exchange: Exchange, invocation: Invocation) => void, method = 'GET') {
  const exchange = createPlainExchange({
    method,
    target: '/a/b?c',
    fields: ['Authorization', 'x', 'Cookie', 'c', 'Content-Length', '9', 'Expect', 'x'],
  })
  const match = { scriptName: '/a', pathInfo: '/b', restOffset: 2 }
  const place = { upstream: createUpstream(run), application: 'auth.py' }
  return { exchange, answer: askScript({ exchange, match }, place, { asks: 'access' }) }
}

test('a question is a request with a body, about another request', async () => {
  let asked = ''
  const { answer } = ask((exchange, invocation) => {
    const { request, body, identity, webSocket, response } = exchange
    asked = JSON.stringify([
      [request.method, request.target, request.fields],
      [invocation, identity, webSocket],
      [body.complete, body.length, body.buffered, String(body.take(7)), String(body.take())],
      [body.buffered, String(body.take())],
    ])
    response.begin(HEAD)
    response.write(Buffer.from('{"a":'))
    response.write(Buffer.from('"ä"}'))
    response.end()
  }, 'HEAD')
  expect(await answer).toEqual({ a: 'ä' })
  expect(JSON.parse(asked)).toEqual([
    ['POST', '/a/b?c', ['Cookie', 'c']],
    [{ application: 'auth.py', scriptName: '/a', pathInfo: '/b' }, null, null],
    [true, 33, 33, '{"asks"', ':"access","method":"HEAD"}'],
    [0, 'undefined'],
  ])
})

describe('there is no answer if', () => {
  test.each<readonly [string, string, string, (exchange: Exchange) => void]>([
    [
      'the script fails',
      'APPLICATION_FAILED',
      'it ended with 500',
      (exchange) => answerError(exchange, 'APPLICATION_FAILED'),
    ],
    [
      'its worker dies',
      'APPLICATION_FAILED',
      'it ended with 502',
      (exchange) => answerError(exchange, 'WORKER_DIED'),
    ],
    [
      'it takes too long',
      'APPLICATION_FAILED',
      'it ended with 504',
      (exchange) => answerError(exchange, 'APPLICATION_TIMEOUT'),
    ],
    [
      'it cannot be asked',
      'OVERLOADED',
      'could not be asked',
      (exchange) => answerError(exchange, 'STOPPING'),
    ],
    [
      'it is cut off',
      'APPLICATION_FAILED',
      'lost',
      ({ response }) => {
        response.begin(HEAD)
        response.write(Buffer.from('{'))
        response.abort(new Error('lost'))
        response.end()
      },
    ],
    [
      'it is too long',
      'APPLICATION_FAILED',
      'more than 1048576 bytes',
      ({ response }) => {
        response.begin(HEAD)
        response.write(Buffer.alloc(1_048_577))
        response.end()
      },
    ],
  ])('%s', async (_, code, message, run) => {
    const { answer } = ask(run)
    await expect(answer).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('it is no JSON', async () => {
    const { answer } = ask(({ response }) => response.send(HEAD, '<p>'))
    await expect(answer).rejects.toThrow(SyntaxError)
  })

  test('the client leaves, which ends the question', async () => {
    let over = false
    const { exchange, answer } = ask((asked) => asked.onFinish(() => void (over = true)))
    exchange.leave()
    await expect(answer).rejects.toThrow('the request is over')
    expect(over).toBe(true)
  })
})

describe('an answer that is not understood is a failure', () => {
  const exchange = createPlainExchange()
  const request = { exchange, match: { scriptName: '', pathInfo: '/', restOffset: 0 } }
  const placeFor = (answer: string) => ({
    upstream: createUpstream(({ response }) => response.send(HEAD, answer)),
    application: 'auth.py',
  })

  test.each(['null', '{}', '1', '{"allowed":null}', '{"allowed":"yes"}'])(
    'access: %s',
    async (text) => {
      await expect(createScriptAccess(placeFor(text)).allows(request)).rejects.toMatchObject({
        message: 'the answer of auth.py is not understood',
      })
    },
  )

  test.each([
    '{}',
    'null',
    '{"user":1}',
    '{"user":"ann"}',
    '{"user":"ann","groups":"staff"}',
    '{"user":"ann","groups":[1]}',
    '{"user":"ann","groups":[],"secret":"abc"}',
    '{"user":"ann","groups":[]}',
  ])('secrets: %s', async (text) => {
    const authority = new ScriptAuthority({ place: placeFor(text), realm: 'r', wantsGroups: true })
    const question = { user: 'ann', algorithm: 'MD5' } as const
    await expect(authority.findSecret(request, question)).rejects.toMatchObject({
      code: 'APPLICATION_FAILED',
    })
  })
})
