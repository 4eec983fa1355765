import type { Answerer } from '../../pipeline/routes.ts'
import type { GatewayOptions } from '../../upstreams/gateway/gateway-options.ts'
import {
  parseUpstreamAddress,
  type Protocol,
  type UpstreamAddress,
} from '../../upstreams/gateway/upstream-address.ts'
import type { Upstream } from '../../core/upstream.ts'
import type { GatewayAddress } from '../../upstreams/gateway/gateway-address.ts'
import type { FastCgiRole } from '../../upstreams/fastcgi/fastcgi-pairs.ts'
import { encodeLatin1 } from '../../wire/percent.ts'
import { boolean, list, pairs, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { INDEX_OPTION, resolveIndex } from './index-option.ts'
import { defineRouteKind, type AnswererContext } from './route-kind.ts'
import { resolveProgram, type ProgramPlan, type SpawnContext } from './spawn-options.ts'
import { createFileSender } from './file-sender.ts'
import { createFilesPlan } from './static-route.ts'
import { createSpawned } from './create-spawned.ts'
import { checkProtocols, isHttp } from './check-protocols.ts'
import { CLIENTS, type CreateClient } from './upstream-clients.ts'
import { createUsualUpstream, UPSTREAM_OPTION, type UpstreamConfig } from './upstream-options.ts'

/** The upstream of a route. */
export interface UpstreamPlan {
  readonly addresses: readonly UpstreamAddress[]
  readonly speaksHttp: boolean
  /** What it spawns in place of having addresses. */
  readonly program: ProgramPlan | undefined
  readonly options: Omit<GatewayOptions, 'logger' | 'shutdownTimeout'>
  readonly connections: number
  readonly role: FastCgiRole
  readonly multiplex: UpstreamConfig['multiplex']
  readonly http: UpstreamConfig['http']
  /** Folders of files that answers may name. */
  readonly sendfile: readonly string[]
  readonly params: Readonly<Record<string, string>>
  /** The path of the route belongs to the path that the upstream sees. */
  readonly keepPrefix: boolean
  /** Absolute path of the folder whose files are its scripts; undefined: it knows itself what answers. */
  readonly root: string | undefined
  readonly index: readonly string[]
  /** Extensions of scripts; empty: all files are. */
  readonly split: readonly string[]
}

/** `upstream`: another server. */
export const UPSTREAM_ROUTE = defineRouteKind({
  options: {
    upstream: UPSTREAM_OPTION,
    root: optional(text, {
      description:
        'Folder whose files are the scripts of an upstream, such as those of PHP; SCRIPT_FILENAME and DOCUMENT_ROOT name them.',
      anchor: 'path',
    }),
    index: INDEX_OPTION,
    split: optional(list, {
      description:
        'Extension of the scripts in `root`, such as ".php", behind which PATH_INFO begins; other files are sent, and what is none is a 404 (all files are scripts).',
    }),
    params: optional(pairs, {
      description: 'Variables for an upstream besides those of CGI, such as { APP_ENV: "prod" }.',
    }),
    keepPrefix: optional(boolean, {
      description:
        'The upstream gets the whole path; else the path of the route is cut off, or SCRIPT_NAME (false).',
    }),
  },
  resolve(route, { where, problems, directory }): UpstreamPlan {
    const { upstream = createUsualUpstream(''), root, index, split = [], params } = route
    const usual = createUpstreamPlan(upstream, {
      where: [...where, 'upstream'],
      problems,
      directory,
    })
    if (root !== undefined) problems.checkFolder([...where, 'root'], root)
    else
      for (const key of ['index', 'split'] as const)
        if (route[key] !== undefined)
          problems.add([...where, key], 'needs root, the folder with the files')
    if (usual.role === 'filter' && root === undefined)
      problems.add([...where, 'upstream', 'role'], 'needs root, the folder with the files')
    if (usual.speaksHttp)
      for (const key of ['root', 'params'] as const)
        if (route[key] !== undefined)
          problems.add([...where, key], 'is for FastCGI, SCGI and uwsgi; HTTP has no variables')
    for (const ending of split)
      if (!/^\.[\w-]+$/.test(ending))
        problems.add(
          [...where, 'split'],
          `${JSON.stringify(ending)} is no extension; write one like ".php"`,
        )
    return {
      ...usual,
      params: encodeParams(params ?? {}),
      keepPrefix: route.keepPrefix === true,
      root,
      index: resolveIndex(index, []),
      split,
    }
  },
  async createAnswerer(plan: UpstreamPlan, context): Promise<Answerer> {
    const { createInvoke } = await import('../../pipeline/application.ts')
    const upstream = await createUpstream(plan, context)
    const { root, index, split, keepPrefix, options } = plan
    const invoke = createInvoke({ upstream, gatherer: context.gatherer })
    if (root === undefined) {
      const { createUpstreamAnswerer } = await import('../../pipeline/upstream.ts')
      return createUpstreamAnswerer({ name: options.name, keepPrefix, invoke })
    }
    const { createSplitFolderAnswerer } = await import('../../pipeline/scripts/split-folder.ts')
    const { createStaticAnswerer } = await import('../../pipeline/static/static-files.ts')
    const { logger } = context
    const files = createStaticAnswerer({
      ...createFilesPlan(root),
      index,
      fallthrough: false,
      logger,
    })
    return createSplitFolderAnswerer({ root, index, split, name: options.name, invoke, files })
  },
})

/** The plan of an upstream for which only its addresses and what belongs to them are known; adds errors to `problems`. */
export function createUpstreamPlan(config: UpstreamConfig, context: SpawnContext): UpstreamPlan {
  const { urls = [], spawn, connections, balance, queue, retries, health, http, sendfile } = config
  const { multiplex, role } = config
  const { where, problems } = context
  const { startup: _, ...timeouts } = config.timeouts
  if (urls.length === 0 && spawn === undefined)
    problems.add(
      where,
      'names no address; give urls, as in { urls: ["fastcgi://127.0.0.1:9000"] }, or spawn a program',
    )
  for (const folder of sendfile) problems.checkFolder([...where, 'sendfile'], folder)
  const program = resolveProgram(config, context)
  const addresses = urls.flatMap((url) => {
    const address = parseUpstreamAddress(url)
    if (typeof address !== 'string') return [address]
    problems.add(where, `${JSON.stringify(url)} is no address of an upstream: ${address}`)
    return []
  })
  const protocols = listProtocols({ addresses, program })
  const speaksHttp = protocols.some(isHttp)
  checkProtocols(protocols, config, context)
  const unknownLength = speaksHttp ? 'stream' : config.unknownLength
  const name = program === undefined ? urls.join(', ') : `program ${program.name}`
  const replacesAddresses = program !== undefined
  const filters = role === 'filter'
  return {
    addresses,
    speaksHttp,
    program,
    options: {
      name,
      balance,
      timeouts,
      queue,
      retries,
      replacesAddresses,
      health,
      unknownLength,
      filters,
    },
    connections,
    role,
    multiplex,
    http,
    sendfile,
    params: {},
    keepPrefix: false,
    root: undefined,
    index: [],
    split: [],
  }
}

function listProtocols({
  addresses,
  program,
}: Pick<UpstreamPlan, 'addresses' | 'program'>): Protocol[] {
  return program === undefined ? addresses.map(({ protocol }) => protocol) : [program.protocol]
}

/** Variables have one character per byte. */
function encodeParams(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [encodeLatin1(name), encodeLatin1(value)]),
  )
}

/** Routes with the same upstream share its connections, and its program. */
export async function createUpstream(
  plan: UpstreamPlan,
  context: AnswererContext,
): Promise<Upstream> {
  const { keepPrefix: _, root: _root, index: _index, split: _split, ...shared } = plan
  const { addresses, program, options } = shared
  const { upstreams, logger, shutdownTimeout } = context
  const name = `upstream:${JSON.stringify(shared)}`
  const known = upstreams.get(name)
  if (known !== undefined) return known
  const { GatewayUpstream } = await import('../../upstreams/gateway/gateway-upstream.ts')
  const gateway = new GatewayUpstream({ ...options, logger, shutdownTimeout })
  const createAddress = await createAddressMaker(listProtocols(plan), { plan, context })
  for (const address of addresses) gateway.add(createAddress(address))
  const upstream =
    program === undefined
      ? gateway
      : await createSpawned({ program, gateway, createAddress }, context)
  upstreams.set(name, upstream)
  return upstream
}

/** Loads what speaks the protocols. */
async function createAddressMaker(
  protocols: readonly Protocol[],
  { plan, context }: { readonly plan: UpstreamPlan; readonly context: AnswererContext },
): Promise<(address: UpstreamAddress) => GatewayAddress> {
  const { GatewayAddress: Address } = await import('../../upstreams/gateway/gateway-address.ts')
  const creators = new Map<Protocol, CreateClient>()
  for (const protocol of protocols) creators.set(protocol, await CLIENTS[protocol]())
  const { logger, serverSoftware, redirects } = context
  const { connections, role, params, http, sendfile, multiplex } = plan
  const onLocalRedirect = redirects.follow.bind(redirects)
  const onNamedFile = await createFileSender(sendfile, logger)
  const settings = {
    connections,
    role,
    multiplex,
    http,
    params,
    serverSoftware,
    logger,
    onLocalRedirect,
    onNamedFile,
  }
  return (address) => {
    const createClient = creators.get(address.protocol)
    if (createClient === undefined) throw new Error(`no client for ${address.protocol}`)
    return new Address(address.url, createClient(address, settings))
  }
}
