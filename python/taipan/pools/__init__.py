"""Pools of database connections for scripts, over any module of the DB-API."""
