import { expect, test } from 'vitest'

import { formatScgiHead } from '../../../src/wire/scgi/request.ts'
import { bytesOf, sha256 } from '../../applications/support/bytes.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import { uwsgi } from '../../support/peers/programs.ts'
import { flup, quixote, scgi } from '../../support/peers/python.ts'
import { askOnce } from './ask-once.ts'
import { listValues, parseAnswer, type CgiAnswer } from './cgi-answer.ts'
import { listVariables, type PeerRequest } from './variables.ts'

/** Bytes of a request. */
function format(request: PeerRequest, body: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([formatScgiHead(listVariables(request), body.length), body])
}

for (const { kind, variables, unix } of [
  { kind: flup, variables: 70_000, unix: false },
  { kind: flup, variables: 70_000, unix: true },
  { kind: scgi, variables: 70_000, unix: false },
  { kind: uwsgi, variables: 40_000, unix: false },
  { kind: uwsgi, variables: 40_000, unix: true },
]) {
  describePeer(kind, { protocol: 'scgi', unix }, (current) => {
    const ask = async (request: PeerRequest, body?: Uint8Array): Promise<CgiAnswer> => {
      const answer = await askOnce(current().place.address, format(request, body))
      return parseAnswer(answer)
    }

    test('takes variables and answers', async () => {
      const more = ['HTTP_X_LONG', 'v'.repeat(variables)]
      const { body } = await ask({ mount: '/lab', path: '/echo', query: 'a=1&b=2', more })
      expect(JSON.parse(body)).toMatchObject({
        method: 'GET',
        script: '/lab',
        path: '/echo',
        query: 'a=1&b=2',
        size: 0,
        variables: { HTTP_X_LONG: more[1] },
      })
    })

    test.each([1, 700_000])('takes a body of %i bytes', async (size) => {
      const bytes = bytesOf(size)
      const { body } = await ask({ path: '/echo', method: 'POST' }, bytes)
      expect(JSON.parse(body)).toMatchObject({ method: 'POST', size, sha256: sha256(bytes) })
    })

    test('sends a large body', async () => {
      const { body } = await ask({ path: '/large', query: 'size=3000000' })
      expect(body.length).toBe(3_000_000)
    })

    test('sends repeated fields and its status', async () => {
      expect(listValues(await ask({ path: '/repeated' }), 'set-cookie')).toEqual([
        'a=1',
        'b=2; Path=/',
      ])
      expect((await ask({ path: '/nowhere' })).status).toBe(404)
    })
  })
}

describePeer(flup, { protocol: 'scgi' }, (current) => {
  test('has no answer to a length that is empty', async () => {
    const variables = ['CONTENT_LENGTH', '', 'SCGI', '1', ...listVariables({ path: '/echo' })]
    const head = `${variables.join('\0')}\0`
    const bytes = Buffer.from(`${head.length}:${head},`)
    expect(await askOnce(current().place.address, bytes)).toBe('')
  })
})

describePeer(quixote, { protocol: 'scgi' }, (current) => {
  const ask = async (request: PeerRequest, body?: Uint8Array): Promise<CgiAnswer> =>
    parseAnswer(await askOnce(current().place.address, format(request, body)))

  test('takes a form and answers', async () => {
    const form = Buffer.from('name=Ann&name=Bob')
    const more = ['CONTENT_TYPE', 'application/x-www-form-urlencoded']
    const answer = await ask({ path: '/echo', method: 'POST', more }, form)
    expect(JSON.parse(answer.body)).toMatchObject({
      method: 'POST',
      form: { name: ['Ann', 'Bob'] },
    })
  })

  test('sends a redirect with its status', async () => {
    const answer = await ask({ path: '/moved' })
    expect(answer).toMatchObject({ status: 302, localRedirect: undefined })
    expect(listValues(answer, 'location')).toEqual(['http://example.org/elsewhere'])
  })
})
