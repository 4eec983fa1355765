import { join } from 'node:path'

import { describeAsyncSample, describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'falcon/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'Falcon', args: [`${app}:application`], traceback })
describeSample({ name: 'Falcon, validated', args: [`${app}:validated`], mount: '/site', traceback })
describeAsyncSample({
  name: 'Falcon, asynchronous',
  args: [`${join(SITES, 'falcon/asgi.py')}:application`],
  traceback,
})
