import { join } from 'node:path'

import { describeInsideNode, describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'flask/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'Flask', args: [`${app}:app`], traceback })
describeSample({ name: 'Flask, validated', args: [`${app}:validated`], mount: '/site', traceback })
describeInsideNode({
  name: 'Flask, validated',
  args: [`${app}:validated`],
  mount: '/site',
  traceback,
})
