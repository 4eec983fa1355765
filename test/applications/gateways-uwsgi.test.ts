import { expect, test } from 'vitest'

import { uwsgi } from '../support/peers/programs.ts'
import { gunicorn } from '../support/peers/python.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { testLabRequests } from './support/gateway-requests.ts'
import { describeGateway } from './support/gateway.ts'

for (const { kind, unix, script } of [
  { kind: uwsgi, unix: false, script: '/lab' },
  { kind: uwsgi, unix: true, script: '/lab' },
  // It does not know where it is mounted.
  { kind: gunicorn, unix: false, script: '' },
  { kind: gunicorn, unix: true, script: '' },
]) {
  describeGateway({ kind, unix, path: '/lab', protocol: 'uwsgi' }, (current) => {
    testLabRequests(current, { base: '/lab', script })

    test('more variables than a packet holds are the client’s error', async () => {
      const fields = Array.from(
        { length: 12 },
        (_, at) => [`X-Lab-${at}`, 'v'.repeat(6000)] as const,
      )
      const answer = await fetchRaw(current().url, { target: '/lab/echo', headers: fields })
      expect(answer.status).toBe(431)
    })
  })
}
