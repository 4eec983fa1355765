import { createRequire } from 'node:module'
import { join } from 'node:path'

const [port, backendPort, ...folders] = process.argv.slice(2)
const [fastify, proxy] = ['fastify', '@fastify/http-proxy'].map((name, at) =>
  createRequire(join(folders[at], 'package.json'))(name),
)

const server = fastify()
await server.register(proxy, { upstream: `http://127.0.0.1:${backendPort}` })
await server.listen({ port: Number(port), host: '127.0.0.1' })
