import { ONE, type Files, type Row } from '../row.ts'

const SETTINGS = `from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "django-insecure-only-for-tests"
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "polls",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "mysite.urls"
WSGI_APPLICATION = "mysite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
STATIC_URL = "static/"
`

/** As made by `django-admin startproject mysite` and `startapp polls`, with a view and a template. */
export const DJANGO: Files = {
  'manage.py': `#!/usr/bin/env python
import os
import sys

def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)

if __name__ == "__main__":
    main()
`,
  'mysite/__init__.py': '',
  'mysite/settings.py': SETTINGS,
  'mysite/urls.py': `from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("polls/", include("polls.urls")), path("admin/", admin.site.urls)]
`,
  'mysite/wsgi.py': entry('wsgi'),
  'mysite/asgi.py': entry('asgi'),
  'polls/__init__.py': '',
  'polls/urls.py': `from django.urls import path
from . import views

urlpatterns = [path("", views.index)]
`,
  'polls/views.py': `from django.shortcuts import render

def index(request):
    return render(request, "polls/index.html", {"kind": type(request).__name__})
`,
  'polls/templates/polls/index.html':
    '{% load static %}<link href="{% static \'polls/style.css\' %}">polls by {{ kind }}',
  'polls/static/polls/style.css': 'li a { color: green }',
}

const POLLS = { '/polls/': 'polls by WSGIRequest', '/nothing': 404 }
const DJANGO_SAYS_NOT_FOUND = /Not Found: \/nothing/
const NO_FILES = /static files below static\/ are not served: set STATIC_ROOT/

/** The settings taken apart, as many do for development and production. */
const SPLIT: Files = {
  ...DJANGO,
  'mysite/settings.py': 'raise ImportError("the settings of production are wanted")\n',
  'config/__init__.py': '',
  'config/settings/__init__.py': '',
  'config/settings/base.py': SETTINGS,
  'config/settings/production.py':
    'from .base import *\nDEBUG = False\nALLOWED_HOSTS = ["127.0.0.1"]\n',
}

const COLLECTED: Files = {
  ...DJANGO,
  'mysite/settings.py': `${SETTINGS}STATIC_ROOT = BASE_DIR / "collected"\n`,
  'collected/polls/style.css': 'collected { }',
}

export const DJANGO_ROWS: readonly Row[] = [
  {
    name: 'a project, nothing named',
    files: DJANGO,
    command: 'taipan serve',
    pages: POLLS,
    says: [NO_FILES, DJANGO_SAYS_NOT_FOUND],
  },
  {
    name: 'a project by its manage.py',
    files: DJANGO,
    command: 'taipan serve manage.py',
    engines: ONE,
    pages: POLLS,
    says: [DJANGO_SAYS_NOT_FOUND],
  },
  {
    name: 'mysite.wsgi, as for gunicorn',
    files: DJANGO,
    command: 'taipan serve mysite.wsgi',
    engines: ONE,
    pages: POLLS,
    says: [DJANGO_SAYS_NOT_FOUND],
  },
  {
    name: 'mysite.asgi:application, as for uvicorn',
    files: DJANGO,
    command: 'taipan serve mysite.asgi:application',
    pages: { '/polls/': 'polls by ASGIRequest' },
  },
  {
    name: 'wsgi.py by its path',
    files: DJANGO,
    command: 'taipan serve mysite/wsgi.py',
    engines: ONE,
    pages: { '/polls/': 'polls by' },
  },
  {
    name: 'a project in a folder of a larger one',
    files: nest('backend', DJANGO),
    command: 'taipan serve backend',
    engines: ONE,
    pages: { '/polls/': 'polls by' },
  },
  {
    name: 'a project in src, with --chdir',
    files: nest('src', DJANGO),
    command: 'taipan serve --chdir src',
    engines: ONE,
    pages: { '/polls/': 'polls by' },
  },
  {
    name: 'settings taken apart, chosen by the variable of Django',
    files: SPLIT,
    command: 'DJANGO_SETTINGS_MODULE=config.settings.production taipan serve .',
    engines: ONE,
    pages: { '/polls/': 'polls by', '/polls/nothing': 404 },
  },
  {
    name: 'settings chosen by --settings, as for runserver',
    files: SPLIT,
    command: 'taipan serve . --settings config.settings.production',
    engines: ONE,
    pages: { '/polls/': 'polls by' },
    says: [/--settings config\.settings\.production is --env DJANGO_SETTINGS_MODULE=/],
  },
  {
    name: 'the admin and static files while developing',
    files: DJANGO,
    command: 'taipan serve --dev',
    pages: {
      '/polls/': 'href="/static/polls/style.css"',
      '/static/polls/style.css': 'green',
      '/static/admin/css/base.css': 'DJANGO',
      '/admin/login/': '/static/admin/css/base.css',
    },
  },
  {
    name: 'collected static files',
    files: COLLECTED,
    command: 'taipan serve',
    engines: ONE,
    pages: { '/static/polls/style.css': 'collected', '/polls/': 'polls by' },
    says: [/static files below static\/ come from \S+collected \(STATIC_ROOT\)/],
  },
  {
    name: 'a missing module in the settings',
    files: { ...DJANGO, 'mysite/settings.py': SETTINGS.replace('"polls"', '"polls", "plugins"') },
    command: 'taipan serve',
    exitCode: 3,
    says: [/No module named 'plugins'/, /the Python is \S+/],
  },
]

function entry(kind: 'wsgi' | 'asgi'): string {
  return `import os
from django.core.${kind} import get_${kind}_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
application = get_${kind}_application()
`
}

/** The same project in a folder. */
function nest(folder: string, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]),
  )
}
