import { list } from '../option-types/kinds.ts'
import { flag, option } from '../option-types/option.ts'

/** `proxies`: who is believed in what a request says of where it comes from. */
export const PROXIES = {
  trust: option(list, [], {
    description:
      'Proxies that are believed: addresses, networks such as 10.0.0.0/8, loopback, or unix for whoever connects to a Unix socket; repeatable.',
    form: 'list',
    environment: 'TAIPAN_TRUST_PROXY',
    flag: flag('Listening', 'trust-proxy', { value: 'NETWORK' }),
  }),
  headers: option(list, [], {
    description:
      'Fields that they are believed in (X-Forwarded-For, X-Forwarded-Proto and X-Request-Id); others that tell the same are taken out; repeatable.',
    form: 'list',
    environment: 'TAIPAN_TRUST_PROXY_HEADER',
    flag: flag('Listening', 'trust-proxy-header', { value: 'NAME' }),
  }),
}
