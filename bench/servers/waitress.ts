import { join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import type { BenchServer } from './server.ts'

/** Pure Python: one thread for the sockets, the others for the application. */
export const waitress: BenchServer = {
  name: 'waitress',
  title: 'waitress',
  distribution: 'waitress',
  launch: ({ bin, port, module, threads, environment }) => ({
    command: join(bin, 'waitress-serve'),
    args: [
      `--listen=127.0.0.1:${port}`,
      `--threads=${threads}`,
      '--asyncore-use-poll',
      '--connection-limit=10000',
      `${module}:application`,
    ],
    directory: APPLICATIONS,
    environment,
  }),
}
