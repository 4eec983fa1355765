"""Answers all requests, or passes them on to the files."""

from Http import Advanced, Config, Env, Regex
from Http.WSGI import Map
from notes import application
from WWW.URL import Shop as ShopMap

Config.StaticHeaders = ("X-Site: old and well",)

Articles = Regex.Map(
    {
        r"^/$": "WWW.Home.Request",
        r"^/archive/(\d{4})/(\d{2})(?:/(?P<Entry>\w+))?$": "WWW.Archive.Request",
        r"^/guests$": "WWW.Guests.Request",
    }
)
Shop = Advanced.Map(ShopMap, Prefix="WWW.", NotFound="WWW.Error.HandleNotFound")
Applications = Map({"/notes": application})


def Request():
    if Env.URL.startswith("/shop/"):
        return Shop()
    if Env.URL.startswith("/notes"):
        return Applications()
    return Articles()
