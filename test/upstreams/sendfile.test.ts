import { symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.ts'
import { formatEndRecord, formatOutput, startFastCgiPeer } from './support/fastcgi-peer.ts'
import { serveGateway } from './support/serve-gateway.ts'

async function startLab(sendfile: boolean) {
  const project = createProject({
    'files/a b.txt': 'the file',
    'files/deep/c.txt': 'deep',
    'secret.txt': 'secret',
  })
  symlinkSync(project.path('secret.txt'), project.path('files/link.txt'))
  const peer = await startFastCgiPeer(({ socket, variables }) => {
    const [field = '', value = ''] = (variables.get('HTTP_X_ASK') ?? '').split('|')
    const path = value.replace('ROOT', project.folder)
    const head = `Content-Disposition: attachment\n${field}: ${path}\nContent-Length: 3\n\nabc`
    const type = variables.has('HTTP_X_BARE') ? '' : 'Content-Type: x/y\n'
    socket.write(formatOutput(type + head))
    socket.write(formatEndRecord())
  })
  const gateway = await serveGateway(
    [peer.url],
    sendfile ? { sendfile: [project.path('files')] } : {},
  )
  return {
    ask: async (ask: string, ...more: (readonly [string, string])[]) =>
      await gateway.fetch({ headers: [['X-Ask', ask], ...more] }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await peer[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

test('files in the folder are sent in place of the body', async () => {
  await using lab = await startLab(true)
  for (const ask of [
    'X-Sendfile|ROOT/files/a b.txt',
    'X-Accel-Redirect|ROOT/files/a%20b.txt',
    'x-accel-redirect|/a%20b.txt?x',
  ]) {
    const answer = await lab.ask(ask)
    expect(answer, ask).toMatchObject({ status: 200, text: 'the file' })
    expect(answer.header('Content-Type')).toBe('x/y')
    expect(answer.header('Content-Disposition')).toBe('attachment')
    expect(answer.header('X-Sendfile') ?? answer.header('X-Accel-Redirect')).toBeUndefined()
  }
  const part = await lab.ask('X-Accel-Redirect|/deep/c.txt', ['Range', 'bytes=1-2'])
  expect(part).toMatchObject({ status: 206, text: 'ee' })
})

test('a file needs no other field', async () => {
  await using lab = await startLab(true)
  const answer = await lab.ask('X-Sendfile|ROOT/files/deep/c.txt', ['X-Bare', 'yes'])
  expect(answer).toMatchObject({ status: 200, text: 'deep' })
  expect(answer.header('Content-Type')).toBe('text/plain; charset=utf-8')
  expect((await lab.ask('X-Other|x', ['X-Bare', 'yes'])).status).toBe(502)
})

test.each([
  ['X-Sendfile|ROOT/secret.txt', 502],
  ['X-Sendfile|ROOT/files/../secret.txt', 502],
  ['X-Sendfile|ROOT/files/link.txt', 502],
  ['X-Sendfile|/etc/passwd', 502],
  ['X-Sendfile|files/a b.txt', 502],
  ['X-Sendfile|ROOT/files', 502],
  ['X-Accel-Redirect|/../secret.txt', 502],
  ['X-Accel-Redirect|/%2e%2e/secret.txt', 502],
  ['X-Accel-Redirect|/deep%00', 502],
  ['X-Accel-Redirect|/etc/passwd', 404],
  ['X-Sendfile|ROOT/files/missing.txt', 404],
] as const)('%s is a %d', async (ask, status) => {
  await using lab = await startLab(true)
  const answer = await lab.ask(ask)
  expect(answer.status).toBe(status)
  expect(answer.text).not.toContain('secret')
})

test('without folders the client gets the fields', async () => {
  await using lab = await startLab(false)
  const answer = await lab.ask('X-Sendfile|/etc/passwd')
  expect(answer).toMatchObject({ status: 200, text: 'abc' })
  expect(answer.header('X-Sendfile')).toBe('/etc/passwd')
})
