import { join } from 'node:path'

import { describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'webpy/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'web.py', args: [`${app}:application`], traceback })
describeSample({ name: 'web.py, validated', args: [`${app}:validated`], mount: '/site', traceback })
