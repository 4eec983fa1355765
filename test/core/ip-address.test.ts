import { expect, test } from 'vitest'

import { findIpVersion, normalizeIp, unmapAddress } from '../../src/core/ip-address.ts'

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::FFFF:10.0.0.1', '10.0.0.1'],
  ['::ffff:a00:1', '10.0.0.1'],
  ['0:0:0:0:0:ffff:10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0::0001', '2001:db8::1'],
  ['::1.2.3.4', '::102:304'],
  ['010.0.0.1', undefined],
  ['10.0.0.256', undefined],
  ['fe80::1%eth0', undefined],
  ['[::1]', undefined],
  ['', undefined],
])('%s is %s', (text, address) => {
  expect(normalizeIp(text)).toBe(address)
})

test('what is no address has no version, and stays', () => {
  expect(findIpVersion('example.org')).toBeUndefined()
  expect(unmapAddress('example.org')).toBe('example.org')
})
