import { join } from 'node:path'
import { PROGRAMS } from '../environment/paths.ts'
import type { BenchServer } from './server.ts'

/** Node's own server, with a fixed answer. */
export const nodeHttp: BenchServer = {
  name: 'node-http',
  title: 'bare node:http',
  answersHelloOnly: true,
  launch: ({ port }) => ({
    command: process.execPath,
    args: [join(PROGRAMS, 'node-http.mjs'), String(port)],
  }),
}
