import { createResponseHead } from '../../../dist/core/response-head.js'
import { ListeningFront } from '../../../dist/fronts/listening-front.js'
import { createPipeline } from '../../../dist/pipeline/pipeline.js'
import { resolveConfigPlan } from '../../../dist/server/load-plan.js'

const body = Buffer.from('Hello, World!')

/** The front and the pipeline as in the server, with a JavaScript handler. */
const plan = resolveConfigPlan(
  { bind: `127.0.0.1:${process.argv[2]}`, routes: [{ path: '/', redirect: '/' }] },
  { cwd: process.cwd(), environment: {} },
)
const front = new ListeningFront({
  addresses: plan.addresses,
  limits: plan.limits,
  timeouts: plan.timeouts,
  webSocket: plan.webSocket,
  http2: false,
  serverSoftware: 'taipan',
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
  handler: createPipeline({
    routes: [
      {
        path: '/',
        answer: ({ response }) => {
          const fields = ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]
          response.send(createResponseHead(200, fields), body)
        },
      },
    ],
  }),
})
await front.start()
