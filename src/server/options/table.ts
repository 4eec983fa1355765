import * as v from 'valibot'
import { recordOf } from '../option-types/kinds.ts'
import { createSection, option } from '../option-types/option.ts'
import { APPLICATION } from './application.ts'
import { APP } from './apps.ts'
import { CONTROL_OPTION } from './control.ts'
import { DEVELOPMENT } from './development.ts'
import { FOLDERS } from './folders.ts'
import { createGroupTable } from './group-options.ts'
import { HTTP } from './http.ts'
import { HOOKS } from './hooks.ts'
import { LIFETIMES } from './lifetimes.ts'
import { IDENTITY } from './identity.ts'
import { LISTENING } from './listening.ts'
import { LOG } from './log.ts'
import { LRWP } from './lrwp.ts'
import { OBSERVATION } from './metrics.ts'
import { PROCESSES } from './processes.ts'
import { PROXIES } from './proxies.ts'
import { ROUTE } from './routes.ts'
import { createServiceOptions } from './services.ts'
import { SESSIONS } from './sessions.ts'
import { BUFFERS, LIMITS, QUEUE, RESPONSES, TIMEOUTS, WEB_SOCKET } from './traffic.ts'
import { TLS } from './tls.ts'

/** Options at the top of the configuration that apply to everything. */
export const GENERAL = {
  ...APPLICATION,
  ...LISTENING,
  tls: option(createSection(TLS), {}, { description: 'Encrypted connections.', table: TLS }),
  http: option(createSection(HTTP), {}, { description: 'How HTTP is spoken.', table: HTTP }),
  proxies: option(
    createSection(PROXIES),
    {},
    { description: 'Proxies in front that are believed.', table: PROXIES },
  ),
  ...FOLDERS,
  ...RESPONSES,
  ...PROCESSES,
  ...LIFETIMES,
  ...HOOKS,
  ...IDENTITY,
  limits: option(createSection(LIMITS), {}, { description: 'Limits for clients.', table: LIMITS }),
  timeouts: option(createSection(TIMEOUTS), {}, { description: 'Time limits.', table: TIMEOUTS }),
  queue: option(
    createSection(QUEUE),
    {},
    { description: 'Requests that wait for a thread or an event loop.', table: QUEUE },
  ),
  buffers: option(
    createSection(BUFFERS),
    {},
    { description: 'Memory for slow clients, so that they do not occupy threads.', table: BUFFERS },
  ),
  webSocket: option(
    createSection(WEB_SOCKET),
    {},
    { description: 'Options for WebSockets.', table: WEB_SOCKET },
  ),
  sessions: option(
    createSection(SESSIONS),
    {},
    { description: 'Sessions and application state of scripts and pages.', table: SESSIONS },
  ),
  lrwp: option(
    createSection(LRWP),
    {},
    { description: 'Programs that connect to this server to answer requests (LRWP).', table: LRWP },
  ),
  control: CONTROL_OPTION,
  ...OBSERVATION,
  log: option(createSection(LOG), {}, { description: 'Options for the log.', table: LOG }),
  ...DEVELOPMENT,
}

/** `groups.NAME`: options that a group may override. */
export const GROUP = createGroupTable(GENERAL)

const PARTS = {
  groups: option(
    recordOf(createSection(GROUP), 'an object of groups'),
    {},
    { description: 'Process groups by name.', table: GROUP, holdsMany: true },
  ),
  apps: option(
    recordOf(createSection(APP), 'an object of applications'),
    {},
    { description: 'Applications by name.', table: APP, holdsMany: true },
  ),
}

const WITHOUT_REQUESTS = createServiceOptions(GROUP)

const ROUTES = {
  routes: option(v.array(createSection(ROUTE), 'a list of routes'), [], {
    description: 'What answers which hosts and paths; exactly one answerer each.',
    table: ROUTE,
    holdsMany: true,
  }),
}

/** The table of all options; named, because the compiler cannot write it down. */
type TopTable = typeof GENERAL & typeof PARTS & typeof WITHOUT_REQUESTS & typeof ROUTES

/** All options of a configuration. */
export const TOP: TopTable = { ...GENERAL, ...PARTS, ...WITHOUT_REQUESTS, ...ROUTES }
