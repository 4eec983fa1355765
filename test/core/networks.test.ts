import { expect, test } from 'vitest'

import { createNetworks, isNetwork } from '../../src/core/networks.ts'

test.each<[string, readonly string[], readonly string[]]>([
  ['127.0.0.0/8', ['127.0.0.1', '127.255.0.9'], ['128.0.0.1', '::1', '']],
  ['10.1.2.3', ['10.1.2.3'], ['10.1.2.4']],
  ['0.0.0.0/0', ['1.2.3.4'], ['::1']],
  ['::1', ['::1'], ['::2', '127.0.0.1']],
  ['fe80::/10', ['fe80::1%eth0', 'febf::1'], ['fec0::1', 'localhost']],
])('%s has %j, not %j', (network, inside, outside) => {
  expect(isNetwork(network)).toBe(true)
  const networks = createNetworks(['192.0.2.0/24', network])
  expect(inside.filter((address) => !networks.has(address))).toEqual([])
  expect(outside.filter((address) => networks.has(address))).toEqual([])
})

test.each(['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0/8', '10.0.0.0/', '1.2.3.4/-1', '/8'])(
  '%j is no network',
  (text) => {
    expect(isNetwork(text)).toBe(false)
    expect(() => createNetworks([text])).toThrow('is no network')
  },
)
