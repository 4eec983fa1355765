import { uwsgi } from '../support/peers/programs.ts'
import { gunicorn, twisted, uvicorn } from '../support/peers/python.ts'
import { testLabRequests } from './support/gateway-requests.ts'
import { describeGateway } from './support/gateway.ts'

/** Handlers that an application by ASGI does not need. */
const ASGI = ['leave', 'complain', 'late'] as const

for (const { kind, lacks, unix } of [
  { kind: gunicorn, unix: false, lacks: [] },
  { kind: gunicorn, unix: true, lacks: [] },
  { kind: uvicorn, unix: false, lacks: ASGI },
  { kind: uvicorn, unix: true, lacks: ASGI },
  // Nobody starts it again when its process ends.
  { kind: twisted, unix: false, lacks: ['leave'] },
  { kind: uwsgi, unix: false, lacks: ['chunks'] },
] as const) {
  describeGateway({ kind, unix, path: '/lab', protocol: 'http' }, (current) => {
    testLabRequests(current, { base: '/lab', variables: false, lacks })
  })
}
