/** Where the load of an application stands that takes long. */
export interface LoadPlace {
  /** The line that runs and what to do about it, for people; empty when it is not known. */
  readonly text: string
  /** The stack of what loads. */
  readonly stack: string
}

/** Reads the values of a `place` message of Python. */
export function parseLoadPlace({ place, stack }: Readonly<Record<string, unknown>>): LoadPlace {
  return {
    text: typeof place === 'string' ? place : '',
    stack: typeof stack === 'string' ? stack : '',
  }
}

/** Adds a place to what a load failed with. */
export function withPlace(
  failure: { readonly summary: string; readonly traceback: string },
  place: LoadPlace | undefined,
): { readonly summary: string; readonly traceback: string } {
  const { text = '', stack = '' } = place ?? {}
  return {
    summary: text === '' ? failure.summary : `${failure.summary}: ${text}`,
    traceback: [failure.traceback, stack].filter((part) => part !== '').join('\n'),
  }
}
