import { dirname, join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import type { BenchServer } from './server.ts'

/** Its HTTP router in front of one process with threads. */
export const uwsgi: BenchServer = {
  name: 'uwsgi',
  title: 'uWSGI, http and threads',
  distribution: 'uwsgi',
  launch: ({ bin, port, module, threads, environment }) => ({
    command: join(bin, 'uwsgi'),
    args: [
      `--http=127.0.0.1:${port}`,
      '--http-keepalive',
      '--processes=1',
      `--threads=${threads}`,
      '--master',
      '--die-on-term',
      '--need-app',
      '--disable-logging',
      `--virtualenv=${dirname(bin)}`,
      `--module=${module}:application`,
    ],
    directory: APPLICATIONS,
    environment,
  }),
}
