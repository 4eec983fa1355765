import { expect, test } from 'vitest'

import { startLrwpLab, type LrwpLab } from './support/lrwp-lab.ts'

/** Registers peers that tell their name, and what they get of the path. */
async function serveNames(lab: LrwpLab, names: readonly string[]): Promise<void> {
  for (const place of names) {
    const [name = '', host = ''] = place.split(' ')
    const tell = ({ variables }: { readonly variables: Readonly<Record<string, string>> }) =>
      `${place} has ${variables['SCRIPT_NAME']} + ${variables['PATH_INFO']}`
    await lab.serve(name, tell, host)
  }
}

test('the longest name answers, by whole components', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['tools', 'tools/calc', 'other/deep/name/'])
  expect(await lab.get('/peers/tools/calc/x')).toBe('200 tools/calc has /peers/tools/calc + /x')
  expect(await lab.get('/peers/tools/calculator')).toBe('200 tools has /peers/tools + /calculator')
  expect(await lab.get('/peers/tools//calc')).toBe('200 tools has /peers/tools + //calc')
  expect(await lab.get('/peers/other/deep/name')).toMatch(
    /^200 .* has \/peers\/other\/deep\/name \+ $/,
  )
  for (const none of [
    '/peers/toolsmith',
    '/peers/other/deep',
    '/peers',
    '/peers/',
    '/peers//tools',
  ])
    expect(await lab.get(none)).toBe('503 Service Unavailable\n')
})

test('case and escapes do not count, but an encoded slash separates nothing', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['Tools/Calc', 'caf\xc3\xa9'])
  expect(await lab.get('/peers/tOOLS/%63alc/X')).toBe('200 Tools/Calc has /peers/tOOLS/calc + /X')
  expect(await lab.get('/peers/tools%2Fcalc')).toMatch(/^503/)
  expect(await lab.get('/peers/caf%C3%A9/x')).toBe('200 caf\xc3\xa9 has /peers/caf\xc3\xa9 + /x')
})

test('an ending is for paths that end with it, names before endings', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['.calc', '.big.calc', 'tools'])
  expect(await lab.get('/peers/a/b.calc')).toBe('200 .calc has /peers/a/b.calc + ')
  expect(await lab.get('/peers/a/b.BIG.CALC')).toBe('200 .big.calc has /peers/a/b.BIG.CALC + ')
  expect(await lab.get('/peers/tools/b.calc')).toBe('200 tools has /peers/tools + /b.calc')
  expect(await lab.get('/peers/a.calc/b')).toMatch(/^503/)
})

test('a peer of the host of the request answers before one of any host', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['calc', 'calc Shop.example', 'only shop.example', '.x shop.example', '.x'])
  const get = async (target: string, host: string) =>
    await lab.get({ target, headers: [['Host', host]] })
  expect(await get('/peers/calc', 'shop.example:8000')).toMatch(/^200 calc Shop\.example has/)
  expect(await get('/peers/calc', 'SHOP.EXAMPLE.')).toMatch(/^200 calc Shop\.example has/)
  expect(await get('/calc', 'shop.example')).toMatch(/^200 calc Shop\.example has/)
  expect(await get('/peers/calc', 'other.example')).toMatch(/^200 calc has/)
  expect(await get('/calc', 'other.example')).toMatch(/^200 calc has/)
  expect(await get('/peers/only', 'shop.example')).toMatch(/^200 only/)
  expect(await get('/peers/only', 'other.example')).toMatch(/^503/)
  expect(await get('/peers/a.x', 'shop.example')).toMatch(/^200 \.x shop\.example has/)
  expect(await get('/peers/a.x', 'other.example')).toMatch(/^200 \.x has/)
})

test('with fallthrough the next route gets what nothing has registered for', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['calc2'])
  expect(await lab.get('/calc2/x')).toBe('200 calc2 has /calc2 + /x')
  expect(await lab.get('/none')).toBe('404 Not Found\n')
})

test('a name writes nothing of its own to the log', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['caf\xc3\xa9', 'x\xc2\x9b31m'])
  await lab.waitForRecord(/lrwp: café has a new peer/)
  await lab.waitForRecord(/lrwp: x\ufffd31m has a new peer/)
})

test('a NUL in the path cannot end a variable', async () => {
  await using lab = await startLrwpLab()
  await serveNames(lab, ['calc'])
  expect(await lab.get('/peers/calc/x%00REMOTE_USER=root')).toBe('400 Bad Request\n')
  expect(await lab.get('/peers/calc/x')).toMatch(/^200/)
})
