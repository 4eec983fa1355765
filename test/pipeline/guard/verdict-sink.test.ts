import { expect, test } from 'vitest'

import type { Outcome } from '../../../src/core/exchange.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { VerdictSink } from '../../../src/pipeline/guard/verdict-sink.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'

const FAILURE = new Error('the authorizer has ended')

function judge(say: (sink: VerdictSink) => void) {
  const client = createPlainExchange()
  const told: unknown[] = []
  const ends: Outcome[] = []
  const sink = new VerdictSink(client.response, {
    onAllowed: (variables) => told.push(['allowed', variables]),
    onDenied: () => told.push('denied'),
    onFailed: (error) => told.push(error.message),
    onEnd: (outcome) => ends.push(outcome),
  })
  say(sink)
  return { answer: client.answer, told, ends, sink }
}

test('200 lets in, with the last of each variable, and its body is for nobody', () => {
  const fields = ['Variable-GROUP', 'a', 'X-Other', 'b', 'Variable-GROUP', 'c']
  const { answer, told, ends } = judge((sink) => {
    sink.send(createResponseHead(200, fields), 'ignored')
    sink.send(createResponseHead(403, []), 'too late')
  })
  expect(told).toEqual([['allowed', ['GROUP', 'c']]])
  expect(ends).toEqual([{ status: 200, bytes: 0, error: undefined }])
  expect(answer.head).toBeUndefined()
})

test('any other answer is for the client', () => {
  const { answer, told, ends, sink } = judge((one) => {
    one.begin(createResponseHead(403, []))
    one.begin(createResponseHead(200, []))
    one.write(Buffer.from('no'))
    one.end()
    one.end()
    one.abort(FAILURE)
  })
  expect(told).toEqual(['denied'])
  expect(ends).toEqual([{ status: 403, bytes: 2, error: undefined }])
  expect([answer.head?.status, String(answer.body), answer.outcome?.error]).toEqual([
    403,
    'no',
    undefined,
  ])
  expect([sink.begun, sink.finished, sink.write(Buffer.from('more'))]).toEqual([true, true, true])
})

test('an answer for the client that breaks off does so there, too', () => {
  const { answer, told, ends } = judge((sink) => {
    sink.begin(createResponseHead(401, []))
    sink.abort(FAILURE)
  })
  expect(told).toEqual(['denied'])
  expect(ends).toEqual([{ status: 401, bytes: 0, error: FAILURE }])
  expect(answer.outcome?.error).toBe(FAILURE)
})

test.each([
  ['nothing', (sink: VerdictSink) => sink.end(), 'the authorizer has answered nothing'],
  ['a failure', (sink: VerdictSink) => sink.abort(FAILURE), FAILURE.message],
  [
    'a yes that breaks off',
    (sink: VerdictSink) => {
      sink.begin(createResponseHead(200, []))
      sink.abort(FAILURE)
    },
    FAILURE.message,
  ],
])('%s is no verdict', (_name, say, message) => {
  const { answer, told, ends } = judge(say)
  expect(told).toEqual([message])
  expect(ends).toHaveLength(1)
  expect([answer.head, answer.outcome]).toEqual([undefined, undefined])
})
