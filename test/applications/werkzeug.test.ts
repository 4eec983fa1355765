import { join } from 'node:path'

import { describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'werkzeug/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'Werkzeug', args: [`${app}:create_app()`], traceback })
describeSample({
  name: 'Werkzeug, validated',
  args: [`${app}:create_validated()`],
  mount: '/site',
  traceback,
})
