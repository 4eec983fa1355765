import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [folder, module, port] = process.argv.slice(2)
const { Python, Request } = createRequire(join(folder, 'package.json'))('@platformatic/python-node')
const python = new Python({ docroot: process.cwd(), appTarget: `${module}:application` })

createServer(async (incoming, outgoing) => {
  const pieces = []
  for await (const piece of incoming) pieces.push(piece)
  const { method, url, headers } = incoming
  const body = Buffer.concat(pieces)
  const answer = await python.handleRequest(
    new Request({ method, url: `http://127.0.0.1${url}`, headers, body }),
  )
  outgoing.writeHead(answer.status, { 'Content-Length': answer.body.length })
  outgoing.end(answer.body)
}).listen(Number(port), '127.0.0.1', 4096)
