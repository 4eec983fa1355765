import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    // ASP pages in Python: http://127.0.0.1:8000/
    { path: '/', scripts: 'site', kinds: { '.asp': 'asp' } },
  ],
})
