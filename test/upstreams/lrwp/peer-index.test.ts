import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { formatKey } from '../../../src/upstreams/lrwp/names.ts'
import { PeerIndex } from '../../../src/upstreams/lrwp/peer-index.ts'

const HOSTS = ['', 'a.example', 'b.example']
const part = fc.constantFrom('a', 'b', 'ab', 'c')
const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const place = fc.record({ name, host: fc.constantFrom(...HOSTS) })
const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.map((one) => `/${one}`).join(''))

test('the longest name that is a beginning of the path is found, of the host before any', () => {
  fc.assert(
    fc.property(fc.array(place), path, fc.constantFrom(...HOSTS), (places, rest, host) => {
      const index = new PeerIndex()
      for (const one of places) index.add(formatKey(one.name, one.host))
      const [best] = places
        .filter((one) => one.host === '' || one.host === host)
        .filter((one) => `${rest}/`.startsWith(`/${one.name}/`))
        .toSorted((a, b) => b.name.length - a.name.length || b.host.length - a.host.length)
      const found = index.findByPath(host === '' ? '' : `${host.toUpperCase()}:80`, rest)
      expect(found?.application).toBe(best && formatKey(best.name, best.host))
      if (best !== undefined) expect(rest.slice(0, found?.end)).toBe(`/${best.name}`)
    }),
  )
})

test('what is deleted is not found any more', () => {
  fc.assert(
    fc.property(fc.array(place, { minLength: 1 }), path, (places, rest) => {
      const index = new PeerIndex()
      for (const one of places) index.add(formatKey(one.name, one.host))
      for (const one of places) index.delete(formatKey(one.name, one.host))
      for (const host of HOSTS) expect(index.findByPath(host, rest)).toBeUndefined()
    }),
  )
})
