import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Histogram,
  type Span,
  type TextMapGetter,
} from '@opentelemetry/api'

import type { Exchange, Handler, Outcome, RequestHead } from '../../core/exchange.ts'
import { withoutFields, type FieldPairs } from '../../core/field-block.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { readField } from '../field-values.ts'

const SERVER_FAULT = 500
/** Methods that are named as such (OpenTelemetry, semantic conventions of HTTP); clients invent others. */
const METHODS = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '))
const OTHER_METHOD = '_OTHER'
/** What the conventions recommend, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const GETTER: TextMapGetter<FieldPairs> = {
  get: (fields, key) => readField(fields, key.toLowerCase()),
  keys: (fields) => fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()),
}

/** Makes a span of each exchange, which that of the client is the parent of, and which the application may continue. */
export function withTracing(handler: Handler, version: string): Handler {
  const tracer = trace.getTracer('taipan', version)
  const duration = metrics
    .getMeter('taipan', version)
    .createHistogram('http.server.request.duration', {
      description: 'Duration of requests.',
      unit: 's',
      advice: { explicitBucketBoundaries: BOUNDARIES },
    })
  return (exchange) => {
    const { request } = exchange
    const parent = propagation.extract(ROOT_CONTEXT, request.fields, GETTER)
    const attributes = describeRequest(exchange)
    const name = String(attributes['http.request.method'])
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
    const own = trace.setSpan(parent, span)
    exchange.onFinish((outcome) => finish({ exchange, outcome, span, duration, name }))
    const traced = new ChangedExchange(exchange, { request: continueTrace(request, own) })
    context.with(own, () => handler(traced))
  }
}

function describeRequest({ request, connection }: Exchange): Attributes {
  const { method, path, query, version } = request
  const isKnown = METHODS.has(method)
  return {
    'http.request.method': isKnown ? method : OTHER_METHOD,
    ...(!isKnown && { 'http.request.method_original': method }),
    'url.path': path,
    ...(query !== '' && { 'url.query': query }),
    'url.scheme': connection.scheme,
    'server.address': request.host.replace(/:\d*$/, ''),
    'client.address': connection.remoteAddress,
    'network.protocol.version': version,
    ...describeAgent(request),
  }
}

function describeAgent({ fields }: RequestHead): Attributes {
  const agent = readField(fields, 'user-agent')
  return agent === undefined ? {} : { 'user_agent.original': agent }
}

/** The request with the fields by which whoever gets it continues the trace, in the place of those that came. */
function continueTrace(request: RequestHead, own: Context): RequestHead {
  const carried: Record<string, string> = {}
  propagation.inject(own, carried)
  const names = new Set(Object.keys(carried).map((name) => name.toLowerCase()))
  const kept = withoutFields(request.fields, names)
  return { ...request, fields: [...kept, ...Object.entries(carried).flat()] }
}

interface Finished {
  readonly exchange: Exchange
  readonly outcome: Outcome
  readonly span: Span
  readonly duration: Histogram
  /** The method, as spans name it. */
  readonly name: string
}

function finish({ exchange, outcome, span, duration, name }: Finished): void {
  const { notes, startedAt, connection } = exchange
  const { status, error } = outcome
  const common: Attributes = {
    ...(status !== 0 && { 'http.response.status_code': status }),
    ...(notes.route !== '' && { 'http.route': notes.route }),
    ...(error !== undefined && { 'error.type': error.name }),
  }
  if (notes.route !== '') span.updateName(`${name} ${notes.route}`)
  span.setAttributes({ ...common, 'taipan.application': notes.answeredBy })
  if (notes.worker !== '')
    span.setAttributes({ 'taipan.worker': notes.worker, 'taipan.queued_ms': notes.queued })
  if (error !== undefined || status >= SERVER_FAULT)
    span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error.message }) })
  span.end()
  const attributes = { ...common, 'http.request.method': name, 'url.scheme': connection.scheme }
  duration.record((performance.now() - startedAt) / 1000, attributes)
}
