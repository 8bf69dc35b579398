#!/usr/bin/env python3
"""The web, as the pipelines of curate ask for it: every host that anybody names is a small site.

    sites.py --port 0

It is spoken to as a proxy (--curate-proxy): a request names its host in full (RFC 9112, section 3.2.2), so no name has to
resolve. There is no TLS: CONNECT is refused. A site has a home page, /robots.txt that names a sitemap, /sitemap.xml,
/contact and /legal/imprint with an address at that host, and some posts of a blog. Hosts that begin with "gone." answer 404.
"""

import html
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from emulator import Answer, Emulator, main, route  # noqa: E402

PAGES = ("/", "/contact", "/menu", "/legal/imprint", "/blog/summer", "/blog/winter")


class Sites(Emulator):
    @staticmethod
    def host_of(request):
        host = request.headers.get("Host", "").split(":")[0].lower()
        if not host or host.startswith("gone."):
            raise Answer(404, "There is nothing here.")
        return host

    @route("GET", "/robots.txt")
    def robots(self, request):
        return Answer(200, f"User-agent: *\nSitemap: http://{self.host_of(request)}/sitemap.xml\n", {"Content-Type": "text/plain"})

    @route("GET", "/sitemap.xml")
    def sitemap(self, request):
        host = self.host_of(request)
        urls = "".join(f"<url><loc>http://{host}{page}</loc></url>" for page in PAGES)
        return Answer(200, f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>',
                      {"Content-Type": "application/xml"})

    @route("GET", "/(?P<page>[a-z/]*)")
    def page(self, request, page):
        host = self.host_of(request)
        if "/" + page not in PAGES:
            return Answer(404, "There is no such page.")
        name = html.escape(host.removesuffix(".example").replace("-", " ").title())
        links = " ".join(f'<a href="{one}">{one}</a>' for one in PAGES)
        written = f'<p>Write to <a href="mailto:info@{host}">us</a>, or call +49 30 5550100.' if page == "contact" else ""
        self.accept("page", host=host, path="/" + page)
        return Answer(200, f'<!DOCTYPE html><html lang="en"><title>{name}</title><meta name="description" content="{name}, since '
                      f'1999"><h1>{name}</h1>{written}<nav>{links}</nav></html>')


if __name__ == "__main__":
    main(Sites, __doc__)
