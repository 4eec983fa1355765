import { expect, test } from 'vitest'

import { bytesOf, sha256 } from '../../applications/support/bytes.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import { uwsgi } from '../../support/peers/programs.ts'
import { gunicorn, twisted, uvicorn } from '../../support/peers/python.ts'
import { fetchRaw, formatRequest, openRaw } from '../../support/raw-client.ts'

const SIZE = 700_000

for (const { kind, keeps } of [
  { kind: gunicorn, keeps: false },
  { kind: uvicorn, keeps: true },
  { kind: twisted, keeps: true },
  { kind: uwsgi, keeps: false },
]) {
  for (const unix of kind.tcpOnly === true ? [false] : [false, true]) {
    describePeer(kind, { protocol: 'http', unix }, (current) => {
      const body = bytesOf(SIZE)

      test('takes a body and answers', async () => {
        const request = { method: 'POST', target: '/echo?a=1', body }
        const answer = await fetchRaw(current().place.address, request)
        expect(answer.status).toBe(200)
        expect(JSON.parse(answer.text)).toMatchObject({
          method: 'POST',
          path: '/echo',
          query: 'a=1',
          size: SIZE,
          sha256: sha256(body),
        })
      })

      // uWSGI would leave them unread, and close the connection.
      test.skipIf(kind === uwsgi)('takes a body in chunks', async () => {
        const pieces = [body.subarray(0, 100), body.subarray(100)]
        const request = { method: 'POST', target: '/echo', chunks: pieces }
        const { text } = await fetchRaw(current().place.address, request)
        expect(JSON.parse(text)).toMatchObject({ sha256: sha256(body) })
      })

      test('sends a large body', async () => {
        const { body: found } = await fetchRaw(current().place.address, '/large?size=3000000')
        expect(sha256(found)).toBe(sha256(Buffer.alloc(3_000_000, '0123456789')))
      })

      test('sends repeated fields', async () => {
        const answer = await fetchRaw(current().place.address, '/repeated')
        expect(answer.headers('set-cookie')).toEqual(['a=1', 'b=2; Path=/'])
      })

      test('keeps its connection, or closes it', async () => {
        using connection = await openRaw(current().place.address)
        connection.send(formatRequest({ target: '/repeated' }))
        const answer = await connection.readResponse()
        // uWSGI closes it without a word.
        if (kind !== uwsgi) expect(answer.header('connection') !== 'close').toBe(keeps)
        if (!keeps) return await connection.waitForEnd()
        connection.send(formatRequest({ target: '/nowhere' }))
        expect((await connection.readResponse()).status).toBe(404)
      })
    })
  }
}

describePeer(twisted, { protocol: 'http', unix: true }, (current) => {
  test('has no port to tell an application by WSGI, which is an error', async () => {
    expect((await fetchRaw(current().place.address, '/echo')).status).toBe(500)
    expect(current().log).toContain('AttributeError')
  })
})
