import { expect, test } from 'vitest'

import { createResponseHead } from '../../src/core/response-head.ts'

test.each([
  ['close', true],
  ['keep-alive,\tClose ', true],
  ['closed', false],
  ['close\xa0', false],
  ['\xa0close', false],
])('Connection: %j asks for the end of the connection: %j', (value, close) => {
  expect(createResponseHead(200, ['Connection', value]).close).toBe(close)
})
