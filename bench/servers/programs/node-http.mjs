import { createServer } from 'node:http'

const body = Buffer.from('Hello, World!')

createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')
