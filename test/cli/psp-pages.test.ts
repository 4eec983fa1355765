import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const FILES = {
  'webware/index.psp':
    '<%@ page imports="site_page:SitePage" extends="SitePage" method="writeContent" %><p><%= req.field("a", "<none>") %></p>',
  'webware/site_page.py':
    'from Page import Page\nclass SitePage(Page):\n    def title(self):\n        return "Site"\n    def writeMetaData(self):\n        pass\n',
  'webware/mixed.psp':
    'a<psp:include path="lists.py">b<psp:include path="quiet.py">c<psp:include path="sub/part.psp">d<%= __name__ %>',
  'webware/lists.py': `
import os, sys
from taipan import session
session["seen"] = "by the script"
print("Content-Type: text/plain\\nX-Lost: 1\\n")
print(__name__, os.environ["QUERY_STRING"], sys.argv[0].rpartition("/")[2], end="")
`,
  'webware/quiet.py': 'pass',
  'webware/sub/part.psp':
    '<%@ include file="../foot.inc" %><%= self.session().value("seen", "nothing") %>',
  'webware/foot.inc': '[<%= 6 * 7 %>]',
  'webware/count.psp': `<% n = self.session().value("n", 0) + 1
trans.session().setValue("n", n)
if n == 3:
    self.session().invalidate() %><%= n %> <%= self.session().isNew() %>`,
  'webware/bad-script.psp': 'a<psp:include path="bad.py">',
  'webware/bad.py': 'one = 1\ndef x(:',
  'webware/away.psp': 'a\n<psp:include path="../../../etc/passwd">',
  'webware/again.psp': 'a\n<% self.includeURL("again.psp") %>',
  'webware/include.psp': 'a\n<%@ include file="broken.inc" %>',
  'webware/broken.inc': 'a\n\n<% def %>',
  'webware/itself.psp': 'a\n<%@ include file="itself.psp" %>',
  'webware/nul.psp': 'a\n<% x = "\0" %>',
  'plain/form.psp': 'fields: <%= len(form) %>',
  'plain/form.py': 'from taipan.forms import FieldStorage\nprint(len(FieldStorage()))',
  'plain/index.psp': `<%
class Markup(str):
    def __html__(self):
        return self
# at level zero
%><%= "<a>" %><%= Markup("<b>") %>`,
  'taipan.config.json': JSON.stringify({
    routes: [
      { path: '/', scripts: 'webware', pspDialect: 'webware' },
      { path: '/safe', scripts: 'webware', pspDialect: 'webware', autoescape: true },
      { path: '/plain', scripts: 'plain' },
      { path: '/plain/safe', scripts: 'plain', autoescape: true },
    ],
  }),
}

describe.each([
  ['daemon', []],
  ['embedded on the thread of Node', ['-e', 'embedded', '-p', '1']],
] as const)('pages of routes with options, %s', (_name, engine) => {
  test('are served', async () => {
    using project = createProject(FILES)
    const args = ['-b', '127.0.0.1:0', ...engine]
    await using taipan = await startTaipan(args, { cwd: project.folder })
    let cookie = ''
    const get = async (target: string) => {
      const headers = cookie === '' ? [] : [['Cookie', cookie] as const]
      const answer = await fetchRaw(taipan.url, { target, headers })
      cookie = answer.headers('set-cookie')[0]?.split(';')[0] ?? cookie
      return `${answer.status} ${answer.text}`
    }
    const head = '<!DOCTYPE html>\n<html lang="en">\n<head>\n\t<title>Site</title>\n</head>\n'
    const around = (text: string) =>
      `200 ${head}<body style="color:black;background-color:white">\n<p>${text}</p></body>\n</html>\n`
    expect(await get('/')).toBe(around('<none>'))
    expect(await get('/safe/?a=%3Ci%3E')).toBe(around('&lt;i&gt;'))
    expect(await get('/mixed.psp?q')).toBe(
      '200 a__main__ q lists.pybc[42]by the scriptdpage_mixed_psp',
    )
    expect(await get('/count.psp')).toBe('200 1 False')
    expect(await get('/count.psp')).toBe('200 2 False')
    expect(await get('/count.psp')).toBe('200 3 True')
    expect(await get('/count.psp')).toBe('200 1 True')
    expect(await get('/plain/')).toBe('200 <a><b>')
    expect(await get('/plain/safe/')).toBe('200 &lt;a&gt;<b>')
    for (const [name, record] of [
      ['bad-script', /bad\.py", line 2/],
      ['away', /away\.psp", line 2[^]*leaves the folder of scripts/],
      [
        'again',
        /RecursionError: pages include each other more than 20 deep[^]*again\.psp", line 2/,
      ],
      ['include', /broken\.inc", line 3/],
      ['itself', /the page includes itself[^]*itself\.psp", line 2/],
      ['nul', /null bytes[^]*nul\.psp", line 2/],
    ] as const) {
      expect(await get(`/${name}.psp`)).toBe('500 Internal Server Error\n')
      await taipan.waitForOutput(record)
    }
    for (const target of ['/plain/form.psp', '/plain/form.py']) {
      const send = async (type: string, body: string) => {
        const headers = [['Content-Type', type] as const]
        const answer = await fetchRaw(taipan.url, { method: 'POST', target, headers, body })
        return `${answer.status} ${answer.text}`
      }
      expect(await send('multipart/form-data; boundary=x', '--x\r\nA: b')).toBe('400 Bad Request\n')
      const many = 'a=1&'.repeat(2000)
      expect(await send('application/x-www-form-urlencoded', many)).toMatch(/^413 .*\n$/)
    }
    await taipan.waitForOutput(/form\.py: .*answered with 413/)
    expect((await taipan.stop()).exitCode).toBe(0)
  })
})
