import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    // The same shop in both dialects; values are escaped, since visitors write some of them.
    { path: '/mod_python', scripts: 'mod_python', autoescape: true },
    { path: '/webware', scripts: 'webware', pspDialect: 'webware', autoescape: true },
    { path: '/', redirect: '/mod_python/', status: 302 },
  ],
})
