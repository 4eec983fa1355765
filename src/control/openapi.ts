import type { AnswerFacts, Endpoint, JsonSchema } from './endpoint.ts'
import { DEFINITIONS, ERROR } from './schemas.ts'

/** The endpoint that describes all endpoints, itself included. */
export function createDescription(endpoints: readonly Endpoint[], version: string): Endpoint {
  const endpoint: Endpoint = {
    path: '/openapi.json',
    method: 'GET',
    summary: 'This description.',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object' } } },
    run: () => Promise.resolve({ status: 200, body: describe([...endpoints, endpoint], version) }),
  }
  return endpoint
}

function describe(endpoints: readonly Endpoint[], version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of endpoints) {
    const operation = describeOperation(endpoint)
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operation }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Control of a Taipan server',
      version,
      description: 'Durations are milliseconds, sizes bytes.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas: DEFINITIONS,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'At an address of TCP; a Unix socket asks for the user instead.',
        },
      },
    },
  }
}

/** What any endpoint may answer besides. */
const ALWAYS: Readonly<Record<number, AnswerFacts>> = {
  401: { description: 'The token is missing or wrong.', schema: ERROR },
  403: { description: 'The client is another user, or a page in a browser.', schema: ERROR },
}

function describeOperation({ path, method, summary, input, answers }: Endpoint): JsonSchema {
  const responses = Object.entries({ ...ALWAYS, ...answers }).map(([status, facts]) => [
    status,
    describeAnswer(facts),
  ])
  return {
    operationId: nameOperation(method, path),
    summary,
    ...(input !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: input } } },
    }),
    responses: Object.fromEntries(responses),
  }
}

function describeAnswer({ description, schema }: AnswerFacts): JsonSchema {
  const content =
    schema === undefined
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema } }
  return { description, content }
}

function nameOperation(method: Endpoint['method'], path: string): string {
  const [first = '', ...rest] = path.split(/\W+/).filter((word) => word !== '')
  const words = method === 'GET' ? ['get', first, ...rest] : [first, ...rest]
  return words.map((word, at) => (at === 0 ? word : capitalize(word))).join('')
}

function capitalize(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
}
