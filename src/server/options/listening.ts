import { list } from '../option-types/kinds.ts'
import { flag, option } from '../option-types/option.ts'

/** Where and how the server listens. */
export const LISTENING = {
  bind: option(list, '127.0.0.1:8000', {
    description:
      'Address to listen on: host:port, unix:PATH (with ?mode=660 for its permissions) or fd:N (fd:NAME for a socket of systemd), and https://host:port for TLS; for a server in front fastcgi://host:port, fastcgi+unix:PATH or fastcgi+fd:N, and likewise scgi and uwsgi; port 0 takes a free one; repeatable.',
    form: 'list',
    anchor: 'address',
    environment: 'TAIPAN_BIND',
    flag: flag('Listening', 'bind', { short: 'b', value: 'ADDR' }),
  }),
}
