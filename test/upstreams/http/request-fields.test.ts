import { expect, test } from 'vitest'
import type { Identity } from '../../../src/core/exchange.ts'
import { RequestFields } from '../../../src/upstreams/http/request-fields.ts'
import { createPlainExchange, type PlainRequest } from '../../support/plain-exchange.ts'

function create(request: PlainRequest, identity?: Identity): Record<string, string> {
  const fields = new RequestFields({ host: undefined, authority: 'up.test' })
  const exchange = Object.assign(createPlainExchange(request), { identity })
  const pairs = fields.create(exchange, '')
  return Object.fromEntries(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : [])),
  )
}

const ann: Identity = { user: 'änn', type: 'Basic', passesAuthorization: false }

test('a login is told, and its password only where that is asked for', () => {
  const fields = ['Authorization', 'Basic x', 'X-Forwarded-User', 'root']
  expect(create({ fields })).toMatchObject({ Authorization: 'Basic x' })
  expect(create({ fields })).not.toHaveProperty('X-Forwarded-User')
  const hidden = create({ fields }, ann)
  expect(hidden['X-Forwarded-User']).toBe(Buffer.from('änn').toString('latin1'))
  expect(hidden).not.toHaveProperty('Authorization')
  const passed = create({ fields }, { ...ann, passesAuthorization: true })
  expect(passed).toMatchObject({ Authorization: 'Basic x' })
  const odd = create({ fields }, { ...ann, user: 'a\r\nb: c' })
  expect(odd).not.toHaveProperty('X-Forwarded-User')
})

test.each([
  ['192.0.2.1', 'a.test', 'for=192.0.2.1;host=a.test;proto=https'],
  ['2001:db8::1', '[::1]:80', 'for="[2001:db8::1]";host="[::1]:80";proto=https'],
  ['', '', 'for=unknown;proto=https'],
])('a client at %j that names %j', (remoteAddress, host, forwarded) => {
  const made = create({ host, connection: { remoteAddress, scheme: 'https' } })
  expect(made).toMatchObject({ Forwarded: forwarded, 'X-Forwarded-Proto': 'https' })
  expect(made['X-Forwarded-For'] ?? '').toBe(remoteAddress)
  expect(made['Host']).toBe(host || 'up.test')
})
