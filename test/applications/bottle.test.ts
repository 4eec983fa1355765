import { join } from 'node:path'

import { describeInsideNode, describeSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

const app = join(SITES, 'bottle/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'Bottle', args: [`${app}:application`], traceback })
describeSample({ name: 'Bottle, validated', args: [`${app}:validated`], mount: '/site', traceback })
describeInsideNode({
  name: 'Bottle, validated',
  args: [`${app}:validated`],
  mount: '/site',
  traceback,
})
