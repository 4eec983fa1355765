import { join } from 'node:path'

import { describeAsyncSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

describeAsyncSample({
  name: 'BlackSheep',
  args: [`${join(SITES, 'blacksheep/app.py')}:app`],
  mount: '/site',
  traceback: /RuntimeError: a secret of the application/,
})
