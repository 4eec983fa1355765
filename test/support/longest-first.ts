import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Short files that take long: they go through tables, or wait. */
const LONGEST = [
  'cli/loading',
  'first-hour/first-hour',
  'system/left-behind',
  'cli/serve',
  'embedded/program',
  'first-hour/pages',
  'daemon/asgi-uvloop',
  'http2/socket-contract',
  'applications/django',
  'applications/front-servers',
  'applications/greenlets',
  'applications/gradio',
  'spawned/program-supervisor',
  'faults/gateway-restarts',
  'faults/lrwp-peers',
  'applications/gateways-fastcgi',
]

/** Begins with the files that take longest, and goes on by size, so that no long file is left at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not of an array
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rank(one) - rank(other))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
  return found === -1 ? LONGEST.length : found
}
