import { expect, test } from 'vitest'

import { chooseScriptWay } from '../../../src/pipeline/refresh/script-policy.ts'

test.each([
  ['no policy', [], 'inline'],
  ['a policy about other things', ["img-src 'none'; frame-ancestors 'none'"], 'inline'],
  ['inline scripts', ["script-src 'unsafe-inline'; connect-src *"], 'inline'],
  ['names and keywords in capitals', ["Script-Src 'UNSAFE-INLINE'; CONNECT-SRC 'Self'"], 'inline'],
  ['the own origin', ["default-src 'self'"], 'external'],
  [
    'a hash, which makes unsafe-inline void',
    ["script-src 'self' 'unsafe-inline' 'sha256-eA=='"],
    'external',
  ],
  ['any https', ["default-src 'none'; script-src https:; connect-src https:"], 'external'],
  [
    'the directive for elements before that for all scripts',
    ["script-src-elem 'self'; script-src 'none'"],
    'external',
  ],
  [
    'the first directive of one name',
    ["script-src 'self'; script-src 'unsafe-inline'"],
    'external',
  ],
  ['two policies in two fields', ["script-src 'unsafe-inline'", "script-src 'self'"], undefined],
  ['two policies in one field', ["script-src 'self', default-src 'self'"], 'external'],
  ['no script', ["script-src 'none'"], undefined],
  ['scripts of others only', ['script-src https://cdn.test'], undefined],
  [
    'strict-dynamic without a nonce',
    ["script-src 'strict-dynamic' 'self' 'sha256-eA=='"],
    undefined,
  ],
  ['no connection', ["connect-src 'none'"], undefined],
  ['connections to others only', ['connect-src https://api.test'], undefined],
  ['a sandbox', ['sandbox'], undefined],
  ['a sandbox with scripts, but without an origin', ['sandbox allow-scripts'], undefined],
  ['a sandbox with both', ['sandbox allow-same-origin allow-scripts'], 'inline'],
  ['nothing at all', ["default-src 'none'"], undefined],
])('%s', (_name, values, kind) => {
  expect(chooseScriptWay(values.length === 0 ? undefined : values.join(', '))?.kind).toBe(kind)
})

test('a nonce of the policy is used, whatever else it demands', () => {
  const strict = "script-src 'nonce-r4nd0m+/=' 'strict-dynamic' 'unsafe-inline'"
  expect(chooseScriptWay(strict)).toEqual({ kind: 'inline', nonce: 'r4nd0m+/=' })
})

test('a nonce that another policy does not know does not help', () => {
  expect(chooseScriptWay("script-src 'nonce-one', script-src 'nonce-two'")).toBeUndefined()
})

test('what is no nonce never reaches the page', () => {
  expect(chooseScriptWay(`script-src 'nonce-"><b>' 'self'`)).toEqual({
    kind: 'external',
    nonce: undefined,
  })
})
