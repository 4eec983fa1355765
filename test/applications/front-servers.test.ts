import { join } from 'node:path'

import { FRONT_SERVERS, isInstalled, startBehind } from './support/front-servers.ts'
import { describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const FLASK = [`${join(SITES, 'flask/app.py')}:validated`]
const FASTAPI = [`${join(SITES, 'fastapi/app.py')}:app`]
const traceback = /RuntimeError: a secret of the application/

for (const front of FRONT_SERVERS.filter(isInstalled)) {
  const serve = (args: readonly string[]) => startBehind(front, { args })
  const { lacks } = front
  describeSample({ name: `Flask behind ${front.name}`, args: FLASK, traceback, lacks, serve })
  describeSample({
    lacks,
    name: `FastAPI behind ${front.name}`,
    args: FASTAPI,
    mount: '/site',
    traceback,
    serve: (args) => serve([...args, '--mount', '/site']),
  })
}
