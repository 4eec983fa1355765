/** A request for a peer. */
export interface PeerRequest {
  readonly method?: string
  /** `SCRIPT_NAME`. */
  readonly mount?: string
  /** Path below the mount. */
  readonly path: string
  readonly query?: string
  /** Length of the body; undefined leaves the variable out. */
  readonly length?: number
  /** `SCRIPT_FILENAME`. */
  readonly script?: string | undefined
  /** More variables, names and values in turn. */
  readonly more?: readonly string[]
}

/** The CGI variables of a request, names and values in turn. */
export function listVariables(request: PeerRequest): string[] {
  const { method = 'GET', mount = '', path, query = '', length, script, more = [] } = request
  const variables: Readonly<Record<string, string | undefined>> = {
    REQUEST_METHOD: method,
    SCRIPT_NAME: mount,
    PATH_INFO: path,
    QUERY_STRING: query,
    REQUEST_URI: `${mount}${path}${query === '' ? '' : `?${query}`}`,
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'lab',
    SERVER_PORT: '80',
    REMOTE_ADDR: '127.0.0.1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REDIRECT_STATUS: '200',
    HTTP_HOST: 'lab.example.org',
    CONTENT_LENGTH: length === undefined ? undefined : String(length),
    SCRIPT_FILENAME: script,
  }
  const pairs = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  )
  return [...pairs, ...more]
}
