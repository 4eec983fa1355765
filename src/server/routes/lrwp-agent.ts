import type { LrwpAgent } from '../../upstreams/lrwp/lrwp-agent.ts'
import type { AnswererContext } from './route-kind.ts'

const NAME = 'lrwp:agent'

/** The agent that all routes of an app share. */
export async function createLrwpAgent({
  lrwp,
  upstreams,
  logger,
  serverSoftware,
  shutdownTimeout: shutdown,
  redirects,
}: AnswererContext): Promise<LrwpAgent> {
  const { LrwpAgent: Agent } = await import('../../upstreams/lrwp/lrwp-agent.ts')
  const { normalizeGivenName } = await import('../../upstreams/lrwp/names.ts')
  const known = upstreams.get(NAME)
  if (known instanceof Agent) return known
  if (lrwp === undefined) throw new Error('no plan for peers')
  const { response: responseLimit, timeouts, passphrases, ...rest } = lrwp
  const agent = new Agent({
    ...rest,
    passphrases: new Map(
      Object.entries(passphrases).map(([name, secret]) => [normalizeGivenName(name), secret]),
    ),
    responseLimit,
    timeouts: { ...timeouts, shutdown },
    serverSoftware,
    logger,
    onLocalRedirect: (exchange, target) => redirects.follow(exchange, target),
  })
  upstreams.set(NAME, agent)
  return agent
}
