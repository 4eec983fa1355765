import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    {
      path: '/',
      scripts: 'pages',
      // Beside the folder, so that nobody can download it.
      pools: { main: 'sqlite:book.sqlite3' },
      config: {
        'ns/site': { Title: 'A guest book', MaxEntries: 20 },
        'ns/environment/python': { ExceptionHTMLFmt: '<h1>Sorry</h1><p>%(url)s failed.' },
      },
    },
    // PyWX's Map.
    { path: '/hello', handler: 'hello.py:main' },
  ],
})
