import { expect, test } from 'vitest'

import { uwsgi } from '../support/peers/programs.ts'
import { flup, quixote, scgi } from '../support/peers/python.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { testLabRequests } from './support/gateway-requests.ts'
import { describeGateway } from './support/gateway.ts'

for (const { kind, unix, lacks } of [
  // Nobody starts it again when its process ends.
  { kind: flup, unix: false, lacks: ['leave'] },
  { kind: flup, unix: true, lacks: ['leave'] },
  { kind: scgi, unix: false, lacks: [] },
  { kind: uwsgi, unix: false, lacks: [] },
  { kind: uwsgi, unix: true, lacks: [] },
] as const) {
  describeGateway({ kind, unix, path: '/lab', protocol: 'scgi' }, (current) => {
    testLabRequests(current, { base: '/lab', lacks })
  })
}

describeGateway({ kind: quixote, path: '/shop', protocol: 'scgi' }, (current) => {
  test('a form arrives', async () => {
    const { status, text } = await fetchRaw(current().url, {
      method: 'POST',
      target: '/shop/echo?size=1',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: 'name=Ann&name=Bob',
    })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({
      method: 'POST',
      script: '/shop',
      path: '/echo',
      query: 'size=1',
      form: { name: ['Ann', 'Bob'], size: '1' },
    })
  })

  test('a redirect is the client’s', async () => {
    const answer = await fetchRaw(current().url, '/shop/moved')
    expect([answer.status, answer.header('location')]).toEqual([
      302,
      'http://example.org/elsewhere',
    ])
  })

  test('a page that is not there is a 404 of Quixote', async () => {
    expect((await fetchRaw(current().url, '/shop/nowhere')).status).toBe(404)
  })
})
