// Serves on descriptor 3, prints its URLs, and stops when its standard input ends.
import { createJiti } from 'jiti'

const jiti = createJiti(import.meta.url)
const { ListeningFront } = await jiti.import('../../../src/fronts/listening-front.ts')
const { createResponseHead } = await jiti.import('../../../src/core/response-head.ts')

const ignore = () => {}
const front = new ListeningFront({
  addresses: [{ kind: 'fd', fd: 3 }],
  handler: ({ response }) => response.send(createResponseHead(200, []), Buffer.from('inherited')),
  limits: {
    headerBytes: 65_536,
    headerCount: 200,
    targetBytes: 32_768,
    body: 0,
    connections: 0,
    requestsPerConnection: 0,
  },
  timeouts: { header: 0, body: 0, idle: 0, send: 0, shutdown: 1000 },
  webSocket: {
    message: 1 << 20,
    compression: true,
    pingInterval: 0,
    pingTimeout: 0,
    closeTimeout: 1000,
    origins: [],
  },
  serverSoftware: '',
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
})
await front.start()
process.stdout.write(`${JSON.stringify(front.urls)}\n`)
process.stdin.on('end', () => void front.stop())
process.stdin.resume()
