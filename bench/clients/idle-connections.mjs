import { keepConnections } from './connections.mjs'

// Each connection sends one request first, so that it waits between two requests.
await keepConnections(Number(process.argv[2]), Number(process.argv[3]), async (socket) => {
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve).once('close', resolve))
  socket.resume()
})
