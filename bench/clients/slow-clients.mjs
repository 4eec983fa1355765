import { keepConnections } from './connections.mjs'

const HEADERS = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '
const BODY = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n'

// Every second connection sends its header slowly, the others their body; each sends one byte per second.
const sockets = await keepConnections(
  Number(process.argv[2]),
  Number(process.argv[3]),
  (socket, index) => {
    socket.write(index % 2 === 0 ? HEADERS : BODY)
    socket.resume()
  },
)
setInterval(() => {
  for (const socket of sockets) socket.write('x')
}, 1000)
