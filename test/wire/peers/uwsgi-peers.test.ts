import { expect, test } from 'vitest'

import { formatPacket, Modifier } from '../../../src/wire/uwsgi/packet.ts'
import { bytesOf, sha256 } from '../../applications/support/bytes.ts'
import { describePeer } from '../../support/peers/describe-peer.ts'
import { uwsgi } from '../../support/peers/programs.ts'
import { gunicorn } from '../../support/peers/python.ts'
import { askOnce } from './ask-once.ts'
import { listValues, parseAnswer, type CgiAnswer } from './cgi-answer.ts'
import { listVariables, type PeerRequest } from './variables.ts'

const PEERS = [
  { kind: uwsgi, unix: false },
  { kind: uwsgi, unix: true },
  { kind: gunicorn, unix: false },
  { kind: gunicorn, unix: true },
]

for (const { kind, unix } of PEERS) {
  describePeer(kind, { protocol: 'uwsgi', unix }, (current) => {
    const ask = async (
      request: PeerRequest,
      {
        body = new Uint8Array(),
        modifier = Modifier.WSGI,
      }: { body?: Uint8Array; modifier?: number } = {},
    ): Promise<CgiAnswer> => {
      const head = formatPacket(listVariables({ length: body.length, ...request }), modifier)
      const answer = await askOnce(current().place.address, Buffer.concat([head, body]))
      return parseAnswer(answer, { nph: true })
    }

    test('takes variables and answers with a status line', async () => {
      const more = ['HTTP_X_LONG', 'v'.repeat(8000)]
      const { status, body } = await ask({ path: '/echo', query: 'a=1&b=2', more })
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({
        method: 'GET',
        path: '/echo',
        query: 'a=1&b=2',
        size: 0,
        variables: { HTTP_X_LONG: more[1] },
      })
    })

    test.each([1, 700_000])('takes a body of %i bytes', async (size) => {
      const bytes = bytesOf(size)
      const { body } = await ask({ path: '/echo', method: 'POST' }, { body: bytes })
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

    // What the two do in their own ways.
    const original = kind === uwsgi
    test('cuts nothing for modifier 30, or refuses it', async () => {
      const answer = ask({ mount: '/lab', path: '/lab/echo' }, { modifier: Modifier.WSGI_MOUNTED })
      if (original) expect(JSON.parse((await answer).body)).toMatchObject({ path: '/lab/echo' })
      else expect((await answer).status).toBeGreaterThanOrEqual(400)
    })

    test('takes the mount, or ignores it', async () => {
      const { body } = await ask({ mount: '/lab', path: '/echo' })
      expect(JSON.parse(body)).toMatchObject({ script: original ? '/lab' : '', path: '/echo' })
    })

    test('leaves a path as it is, or decodes and encodes it again', async () => {
      const { body } = await ask({ path: '/echo/100%25 \xc3\xa9' })
      const expected = original ? '/echo/100%25 \xc3\xa9' : '/echo/100% \xc3\x83\xc2\xa9'
      expect(JSON.parse(body).path).toBe(expected)
    })
  })
}
