import { expect, test } from 'vitest'
import { matchesHost, parseHostRule } from '../../src/pipeline/route-host.ts'
import { normalizeHost } from '../../src/wire/host-name.ts'

test.each([
  ['example.org', 'example.org', true],
  ['example.org', 'EXAMPLE.org:8000', true],
  ['example.org', 'example.org.', true],
  ['example.org', 'example.org.:80', true],
  ['Example.Org', 'example.org', true],
  ['example.org', 'www.example.org', false],
  ['example.org', '', false],
  ['*.example.org', 'www.example.org', true],
  ['*.example.org', 'a.b.example.org:1', true],
  ['*.example.org', 'example.org', false],
  ['*.example.org', '.example.org', false],
  ['*.example.org', 'badexample.org', false],
  ['127.0.0.1', '127.0.0.1:8000', true],
  ['[::1]', '[::1]:8000', true],
  ['[::1]', '[::1]', true],
  ['b\u00fccher.example', 'xn--bcher-kva.example', true],
  [undefined, 'anything', true],
])('the rule %j and the host %j: %j', (rule, host, matches) => {
  expect(matchesHost(parseHostRule(rule), normalizeHost(host))).toBe(matches)
})

test.each(['', 'example.org:80', 'http://example.org', 'a/b', 'x.*.org', 'a b', '*.'])(
  'a rule %j is a configuration error',
  (host) => {
    expect(() => parseHostRule(host)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  },
)
