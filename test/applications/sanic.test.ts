import { join } from 'node:path'

import { describeAsyncSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

describeAsyncSample({
  name: 'Sanic',
  args: [`${join(SITES, 'sanic/app.py')}:app`],
  traceback: /RuntimeError: a secret of the application/,
  // As an ASGI application it sends no Content-Length, ignores `close()`, and raises at paths without WebSocket.
  lacks: ['length of HEAD', 'close code', 'refusal'],
})
