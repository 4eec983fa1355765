import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    // In an interpreter that is kept: http://127.0.0.1:8000/guestbook.py
    { path: '/', scripts: 'site' },
    // The same file, a new process for each request: http://127.0.0.1:8000/cgi-bin/guestbook.py
    { path: '/cgi-bin', cgi: 'site' },
  ],
})
