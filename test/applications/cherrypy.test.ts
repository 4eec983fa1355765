import { join } from 'node:path'

import { describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'cherrypy/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'CherryPy', args: [`${app}:application`], traceback })
describeSample({
  name: 'CherryPy, validated',
  args: [`${app}:validated`],
  mount: '/site',
  traceback,
})
