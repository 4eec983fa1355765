import { createServer } from 'node:net'
import { formatEnd, parseBegin } from '../../../dist/wire/fastcgi/bodies.js'
import {
  formatRecord,
  formatStream,
  RecordDecoder,
  RecordType,
} from '../../../dist/wire/fastcgi/records.js'
import { PacketDecoder } from '../../../dist/wire/uwsgi/packet.js'
import { ScgiHeadDecoder } from '../../../dist/wire/scgi/request.js'

/** Answers requests without a body by the protocol that is asked for: 64 KiB at `/block`, otherwise 13 bytes. */
const [protocol, port] = process.argv.slice(2)
const BODIES = [Buffer.from('Hello, World!'), Buffer.alloc(64 * 1024, 'x')]
const FIELDS = 'Content-Type: text/plain\r\nContent-Length: '

function format(first) {
  return BODIES.map((body) =>
    Buffer.concat([Buffer.from(`${first}\r\n${FIELDS}${body.length}\r\n\r\n`), body]),
  )
}

const CGI = format('Status: 200 OK')
const HTTP = format('HTTP/1.1 200 OK')
/** By the request id 1, which gateways that do not multiplex use, and by what is asked for. */
const FASTCGI = CGI.map((answer) => formatFastcgi(1, answer))

function formatFastcgi(id, answer) {
  return Buffer.concat([
    ...formatStream(RecordType.STDOUT, id, answer),
    formatRecord(RecordType.STDOUT, id),
    formatRecord(RecordType.END_REQUEST, id, formatEnd({ appStatus: 0, protocolStatus: 0 })),
  ])
}

function choose(text) {
  return text.includes('/block') ? 1 : 0
}

const SERVE = {
  fastcgi(socket) {
    let keeps = false
    let params = ''
    const decoder = new RecordDecoder(
      {
        onRecord({ type, id, length }, chunk, start, end) {
          if (type === RecordType.BEGIN_REQUEST) {
            keeps = parseBegin(chunk.subarray(start, end), 'INTERNAL').keepsConnection
            params = ''
          } else if (type === RecordType.PARAMS) params += chunk.latin1Slice(start, end)
          else if (type === RecordType.STDIN && length === 0) {
            const found = choose(params)
            socket.write(id === 1 ? FASTCGI[found] : formatFastcgi(id, CGI[found]))
            if (!keeps) socket.end()
          }
        },
      },
      'INTERNAL',
    )
    socket.on('data', (chunk) => decoder.push(chunk))
  },
  scgi: (socket) => serveOnce(socket, new ScgiHeadDecoder(65_536, 'INTERNAL'), CGI),
  uwsgi: (socket) => serveOnce(socket, new PacketDecoder('INTERNAL'), HTTP),
  http(socket) {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.latin1Slice()
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        socket.write(HTTP[choose(text.slice(0, text.indexOf('\r\n')))])
        text = text.slice(end + 4)
      }
    })
  },
}

function serveOnce(socket, decoder, answers) {
  socket.on('data', (chunk) => {
    const head = decoder.push(chunk)
    if (head !== undefined) socket.end(answers[choose(head.variables.join(' '))])
  })
}

createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  SERVE[protocol](socket)
}).listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
