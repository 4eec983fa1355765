import { parseCLI, type TestProject } from 'vitest/node'

/** Rejects with the filters of the command line that match no test file; vitest is content when one of several does. */
export async function checkFilters({ vitest }: TestProject): Promise<void> {
  const { filter } = parseCLI(['vitest', ...process.argv.slice(2)])
  const found = await Promise.all(filter.map((one) => vitest.globTestSpecifications([one])))
  const unmatched = filter.filter((_one, index) => found[index]?.length === 0)
  if (unmatched.length > 0) throw new Error(`no test file matches ${unmatched.join(', ')}`)
}
