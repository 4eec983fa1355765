import { duration, integer } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

/** How long worker processes live, and how they end. */
export const LIFETIMES = {
  maximumRequests: option(integer(0), 0, {
    description: 'Requests that a worker answers until another one takes its place. 0: no limit.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_MAXIMUM_REQUESTS',
    flag: flag('Processes', 'maximum-requests', { value: 'N' }),
  }),
  maximumRequestsJitter: option(integer(0), 0, {
    description: 'Most requests added to that at random, for each worker anew.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_MAXIMUM_REQUESTS_JITTER',
    flag: flag('Processes', 'maximum-requests-jitter', { value: 'N' }),
  }),
  restartInterval: option(duration, 0, {
    description: 'Age at which another worker takes the place of one. 0: no limit.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_RESTART_INTERVAL',
    flag: flag('Processes', 'restart-interval', { value: 'TIME' }),
  }),
  restartIntervalJitter: option(duration, 0, {
    description: 'Most time added to that at random, for each worker anew.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_RESTART_INTERVAL_JITTER',
    flag: flag('Processes', 'restart-interval-jitter', { value: 'TIME' }),
  }),
  interruptTimeout: option(duration, '5s', {
    description:
      'Longest time for a request to end after it has exceeded `timeouts.request` and was interrupted; then its worker is replaced. 0: none.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_INTERRUPT_TIMEOUT',
    flag: flag('Timeouts', 'interrupt-timeout', { value: 'TIME' }),
  }),
  gracefulTimeout: optional(duration, {
    description:
      'Longest time for the requests of a worker that is replaced for one of these limits (`timeouts.shutdown`). 0: no limit.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_GRACEFUL_TIMEOUT',
    toWorker: 'gracefulTimeout',
    flag: flag('Timeouts', 'graceful-timeout', { value: 'TIME' }),
  }),
  evictionTimeout: optional(duration, {
    description:
      'The same for a worker that is replaced because it got SIGUSR1 (`gracefulTimeout`). 0: no limit.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_EVICTION_TIMEOUT',
    flag: flag('Timeouts', 'eviction-timeout', { value: 'TIME' }),
  }),
  inactivityTimeout: option(duration, 0, {
    description:
      'Longest time without requests for a group that has had some; then its workers end until the next request. 0: no limit.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_INACTIVITY_TIMEOUT',
    flag: flag('Timeouts', 'inactivity-timeout', { value: 'TIME' }),
  }),
  cpuTimeLimit: option(duration, 0, {
    description:
      'Time of a processor, in whole seconds, that a worker may use until another one takes its place. 0: no limit.',
    form: 'duration',
    perGroup: true,
    environment: 'TAIPAN_CPU_TIME_LIMIT',
    flag: flag('Processes', 'cpu-time-limit', { value: 'TIME' }),
    toWorker: 'cpuTimeLimit',
  }),
  requestTimeout: standsFor('timeouts.request'),
  deadlockTimeout: standsFor('timeouts.ping'),
  startupTimeout: standsFor('timeouts.startup'),
  shutdownTimeout: standsFor('timeouts.shutdown'),
  queueTimeout: standsFor('queue.timeout'),
}

/** A name by which mod_wsgi's users know an option. */
function standsFor(name: string) {
  const description = `Another name of \`${name}\`.`
  return optional(duration, { description, form: 'duration', perGroup: true, standsFor: name })
}
