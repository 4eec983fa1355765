"""Style and script of the page; it needs nothing from elsewhere."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --text: #1d2430; --soft: #5b6675; --page: #f5f6f8; --card: #fff; --line: #dfe3e8;
  --code: #f8f9fb; --error: #b3202c; --mark: #fde8e8; --part: #f6b9b9; --link: #1c5fb8;
  --name: #7a3e9d;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e3e7ed; --soft: #98a3b3; --page: #14171c; --card: #1c2027; --line: #303742;
    --code: #171a20; --error: #ff8b8b; --mark: #43232a; --part: #7d343d; --link: #8ab8ff;
    --name: #d0a4f0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 var(--sans);
}
header {
  background: var(--card); border-bottom: 1px solid var(--line);
  border-top: 4px solid var(--error);
}
header > div, main, footer { max-width: 68rem; margin: 0 auto; padding: 1.25rem 1.5rem; }
h1 {
  margin: .35rem 0 0; font-size: 1.5rem; line-height: 1.3; overflow-wrap: anywhere;
  color: var(--error);
}
.message { margin: .5rem 0 0; font-size: 1.1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.request { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
.request b { color: var(--text); font-weight: 600; }
h2 { margin: 1.75rem 0 .6rem; font-size: 1.1rem; overflow-wrap: anywhere; }
h2:first-child { margin-top: .25rem; }
h2 small, .soft { color: var(--soft); font-weight: 400; font-size: .9rem; }
h3 { margin: 1rem 0 .3rem; font-size: .95rem; }
code, pre, .frame > summary, td, th { font-family: var(--mono); font-size: .85rem; }
button {
  margin-top: .9rem; padding: .35rem .9rem; font: inherit; font-size: .9rem; cursor: pointer;
  color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 6px;
}
button:hover { border-color: var(--soft); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.frame {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0;
  overflow: hidden;
}
.frame > summary { padding: .5rem .9rem; }
.frame > summary a {
  float: right; margin-left: 1rem; color: var(--soft); font-family: var(--sans);
}
.frame > summary::after { content: ""; display: block; clear: both; }
.frame > summary a:hover, .frame > summary a:focus-visible { color: var(--link); }
.frame[open] > summary { border-bottom: 1px solid var(--line); }
.frame > summary b { color: var(--link); font-weight: 600; }
.frame > p { margin: .5rem .9rem; }
.library { margin: .6rem 0; color: var(--soft); }
.library > summary { padding: .1rem .9rem; }
.library .frame { color: var(--text); }
.depth-1, .depth-2, .depth-3, .depth-4 { border-left: 3px solid var(--line); padding-left: 1rem; }
.depth-2 { margin-left: 1.1rem; }
.depth-3 { margin-left: 2.2rem; }
.depth-4 { margin-left: 3.3rem; }
.gap { margin: .4rem .9rem; color: var(--soft); font-style: italic; }
.source {
  margin: 0; padding: .4rem 0; overflow-x: auto; background: var(--code); tab-size: 4;
  line-height: 1.6;
}
.source span { display: block; width: max-content; min-width: 100%; padding-right: 1rem; }
.source i {
  display: inline-block; width: 4.2em; padding-right: 1em; text-align: right; color: var(--soft);
  font-style: normal; user-select: none;
}
.source .failed {
  background: var(--mark); box-shadow: inset 3px 0 var(--error); font-weight: 600;
}
.source mark {
  background: var(--part); color: inherit; border-radius: 2px; text-decoration: underline;
  text-underline-offset: 3px;
}
.locals { border-top: 1px solid var(--line); }
.locals > summary { padding: .35rem .9rem; color: var(--soft); font-size: .9rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; background: var(--card); }
th, td {
  padding: .3rem .9rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line);
}
th { width: 13rem; font-weight: 400; color: var(--name); overflow-wrap: anywhere; }
td { white-space: pre-wrap; overflow-wrap: anywhere; }
.data { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.data tr:first-child > * { border-top: 0; }
.text {
  margin: .6rem 0; padding: .8rem .9rem; overflow-x: auto; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px;
}
.more > summary { margin: 1rem 0 .3rem; font-weight: 600; font-size: .95rem; }
footer { color: var(--soft); font-size: .9rem; padding-bottom: 2.5rem; }
@media (max-width: 40rem) {
  header > div, main, footer { padding: 1rem .8rem; }
  h1 { font-size: 1.25rem; }
  th { display: block; width: auto; padding-bottom: 0; }
  td { display: block; border-top: 0; padding-top: 0; }
  .source i { width: 3em; padding-right: .7em; }
  .depth-1, .depth-2, .depth-3, .depth-4 { margin-left: 0; padding-left: .6rem; }
}
@media print { button { display: none; } }
"""

SCRIPT: Final = """
(() => {
  const button = document.getElementById('copy')
  const text = document.getElementById('text')
  const label = button.textContent
  // For addresses that are no secure context.
  const copySelected = () => {
    const area = document.createElement('textarea')
    area.value = text.textContent
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    button.focus()
    return done
  }
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text.textContent)
      return true
    } catch {
      return copySelected()
    }
  }
  button.addEventListener('click', async () => {
    button.textContent = await copy() ? 'Copied' : 'Select it below'
    setTimeout(() => { button.textContent = label }, 2000)
  })
  button.hidden = false
})()
"""
