import { join } from 'node:path'

import { describeAsyncSample } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'

describeAsyncSample({
  name: 'Sanic',
  args: [`${join(SITES, 'sanic/app.py')}:app`],
  traceback: /RuntimeError: a secret of the application/,
  // As an ASGI application it sends no Content-Length, ignores `close()`, and raises where no WebSocket is.
  lacks: [
    'HEAD has the fields of GET and no body',
    'the application closes a WebSocket with its own code',
    'a WebSocket to nowhere is refused',
  ],
})
