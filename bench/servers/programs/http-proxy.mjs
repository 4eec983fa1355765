import { createRequire } from 'node:module'
import { Agent } from 'node:http'
import { join } from 'node:path'

const [port, backendPort, folder] = process.argv.slice(2)
const { createProxyServer } = createRequire(join(folder, 'package.json'))('http-proxy')

/** Keeps its connections to the back end. */
createProxyServer({
  target: `http://127.0.0.1:${backendPort}`,
  agent: new Agent({ keepAlive: true }),
}).listen(Number(port), '127.0.0.1')
