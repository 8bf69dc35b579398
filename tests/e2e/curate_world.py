"""A world to curate: a private nginx that plays many hosts, with the documentation under /usr/share/doc as their pages.

It is spoken to as a proxy: a request names its host in full (RFC 9112, section 3.2.2), and nginx takes the server of
that name. So each host has port 80, as real ones do, and no name has to resolve. There is no TLS: CONNECT is refused.
"""

import dataclasses
import gzip
import os
import pathlib
import random
import shutil
import subprocess
import time
import urllib.request

from curate_tricks import Tricks
from harness import free_port

DOCS = pathlib.Path("/usr/share/doc")
LARGE_PAGE = 1 << 20  # larger ones are left out: two copies of a whole manual teach nothing

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@dataclasses.dataclass(frozen=True)
class Size:
    hosts: int = 8  # with documentation
    pages: int = 60  # of one of them
    huge: int = 50_000  # URLs of one sitemap: as many as the protocol allows


SMALL = Size(hosts=4, pages=8, huge=2_500)


@dataclasses.dataclass
class Host:
    name: str  # as a domain record has it
    folder: pathlib.Path  # what was written for it
    tree: pathlib.Path | None = None  # its documentation, behind that
    websites: list = dataclasses.field(default_factory=list)  # how businesses write it
    sitemaps: list = dataclasses.field(default_factory=list)  # that discovery must find
    every: dict = dataclasses.field(default_factory=dict)  # sitemap URL -> (kind, [URLs]), nested ones too
    broken: set = dataclasses.field(default_factory=set)  # sitemaps that must end in Error
    extra: str = ""  # nginx's words for it

    def url(self, path):
        return f"http://{self.name}{path}"

    def write(self, path, content):
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def file(self, path):
        """What nginx answers a path with; None: 404."""
        path = path.split("?")[0]
        for root in (self.folder, self.tree):
            target = root and root / path.lstrip("/")
            if target and target.is_dir():
                target /= "index.html"
            if target and target.is_file() and (root == self.folder or not path.endswith("/")):
                return target
        return None


def urlset(urls):
    entries = "".join(f"<url><loc>{u.replace('&', '&amp;')}</loc><lastmod>2024-05-06</lastmod></url>\n" for u in urls)
    return f"{XML}<urlset {NAMESPACE}>\n{entries}</urlset>\n"


def index(urls):
    entries = "".join(f"<sitemap><loc>{u}</loc></sitemap>\n" for u in urls)
    return f"{XML}<sitemapindex {NAMESPACE}>\n{entries}</sitemapindex>\n"


def doc_trees(hosts, most):
    """(name, folder, paths of at most so many pages): the packages with the most pages, each real folder once."""
    seen, trees = set(), []
    for folder in sorted(DOCS.iterdir()):
        real = folder.resolve()
        if not real.is_dir() or real in seen:
            continue
        seen.add(real)
        pages = sorted("/" + str(page.relative_to(folder)) for page in folder.rglob("*.html")
                       if page.is_file() and page.stat().st_size <= LARGE_PAGE)
        pages = [p for p in pages if p.isascii() and not set(p) & set(" %?#&+")]
        if len(pages) >= 2:
            trees.append((folder.name, folder, pages[:most]))
    trees.sort(key=lambda tree: (-len(tree[2]), tree[0]))
    return trees[:hosts]


class World:
    """Everything that is out there. Ends with close()."""

    def __init__(self, folder, size=Size()):
        self.folder = pathlib.Path(folder) / "world"
        self.folder.mkdir()
        self.hosts = []
        self.tricks = Tricks()
        for number, (name, tree, pages) in enumerate(doc_trees(size.hosts, size.pages)):
            label = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
            self.documentation(f"{label}.example", tree, pages, number % 4)
        if len(self.hosts) < 3:
            raise SystemExit("there is too little HTML under /usr/share/doc: scripts/lib/install.sh build test")
        self.huge(size.huge)
        self.silent()
        self.hostile()
        self.hanging()
        self.foreign()
        self.process = self.start()

    # -- hosts

    def host(self, name, tree=None):
        self.hosts.append(Host(name, self.folder / name, tree, [f"http://{name}/"]))
        self.hosts[-1].folder.mkdir()
        return self.hosts[-1]

    def documentation(self, name, tree, pages, kind):
        host = self.host(name, tree)
        host.websites = [f"https://WWW.{name.upper()}:443/index.html?x=1", name, f"http://user:secret@{name}/"]
        phone = f"+49 30 55{len(self.hosts):05}"
        host.write("/contact.html", f'<!DOCTYPE html><title>Contact</title><p>Write to <a href="mailto:Info@{name}?subject=x">'
                   f'us</a>, or to press [at] {name}. Tel. {phone}<p>logo@2x.png '
                   f'<a href="https://www.facebook.com/{tree.name}/">f</a>')
        host.write("/careers/index.html", f"<title>Jobs</title><p>jobs@{name}<p>info@{name}")
        host.write("/legal/imprint.html", "<title>Imprint</title><p>Nobody wants to be written to.")
        own = ["/contact.html", "/careers/", "/legal/imprint.html", "/missing.html"]
        all_urls = [host.url(p) for p in own + pages]
        filtered = [host.url(p) for p in ("/blog/contact", "/media/logo.png", "/tag/contact")]
        link = ""
        if kind == 0:  # robots.txt names one
            host.sitemaps = [host.url("/sitemap.xml")]
            host.every = {host.sitemaps[0]: ("urlset", all_urls + filtered)}
            host.write("/sitemap.xml", urlset(all_urls + filtered + ["http://elsewhere.example/", all_urls[0]]))
            host.write("/robots.txt", f"User-agent: *\nDisallow: /private\nSitemap: {host.sitemaps[0]}\n")
        elif kind == 1:  # robots.txt names an index of indexes
            parts = [all_urls[0::3], all_urls[1::3], all_urls[2::3] + filtered]
            names = [host.url(p) for p in ("/map-1.xml", "/map-2.xml.gz", "/map-3.txt")]
            nested, top = host.url("/more.xml"), host.url("/sitemap_index.xml")
            host.sitemaps = [top]
            host.every = {names[0]: ("urlset", parts[0]), names[1]: ("urlset", parts[1]), names[2]: ("text", parts[2]),
                          nested: ("index", names[1:]), top: ("index", [names[0], nested])}
            host.write("/map-1.xml", urlset(parts[0]))
            host.write("/map-2.xml.gz", gzip.compress(urlset(parts[1]).encode()))
            host.write("/map-3.txt", "\n".join(parts[2]) + "\n")
            host.write("/more.xml", index(names[1:]))
            host.write("/sitemap_index.xml", index([names[0], nested]))
            host.write("/robots.txt", f"Sitemap: {top}\n")
        elif kind == 2:  # only the home page does
            host.sitemaps = [host.url("/deep/map.xml.gz")]
            host.every = {host.sitemaps[0]: ("urlset", all_urls + filtered)}
            host.write("/deep/map.xml.gz", gzip.compress(urlset(all_urls + filtered).encode()))
            link = '<link rel="sitemap" type="application/xml" href="deep/map.xml.gz">'
        else:  # nobody does: the usual places
            host.sitemaps = [host.url("/sitemap.txt")]
            host.every = {host.sitemaps[0]: ("text", all_urls + filtered)}
            host.write("/sitemap.txt", "\ufeff" + "\r\n".join(all_urls + filtered))
            host.write("/robots.txt", "User-agent: *\nDisallow:\n")
        language = ("en", "de-AT", "fr", "")[kind]
        host.write("/index.html", f'<!DOCTYPE html><html{f" lang={language}" if language else ""}><head><title> {tree.name} &amp;\n'
                   f' more</title><meta name="description" content="Documentation of {tree.name}.">{link}</head><body>'
                   f'<a href="/contact.html">Contact</a></body></html>')

    def huge(self, urls):
        host = self.host("huge.example")
        for path in ("/contact", "/de/impressum", "/jobs"):
            host.write(path + "/index.html", f"<title>{path}</title><p>{path.split('/')[-1]}@huge.example")
        known = ["/contact/", "/de/impressum/", "/jobs/"]
        paths = known + [f"/blog/{n}" for n in range(urls // 50)] + [f"/pictures/{n}.jpg" for n in range(urls // 50)]
        paths += [f"/products/{n % 97}/item-{n}?size={n % 7}&colour={n % 5}" for n in range(urls - len(paths))]
        random.Random(50_000).shuffle(paths)
        urls = [host.url(p) for p in paths]
        host.sitemaps = [host.url("/sitemap.xml.gz")]
        host.every = {host.sitemaps[0]: ("urlset", urls)}
        host.write("/sitemap.xml.gz", gzip.compress(urlset(urls).encode()))
        host.write("/robots.txt", f"sitemap: {host.sitemaps[0]}")
        host.write("/index.html", "<title>Huge</title>")

    def silent(self):
        self.host("silent.example").write("/index.html", "<title>Silent</title><p>No sitemap anywhere.")

    def hostile(self):
        host = self.host("hostile.example")
        paths = ["/loop", "/bomb.html", "/large.html", "/endless.html", "/picture.html", "/inside.html", "/wrong.html",
                 "/nul.html", "/deep.html", "/line.html", "/gone.html", "/nowhere.html"]
        host.sitemaps = [host.url(p) for p in ("/bomb.xml.gz", "/endless.xml", "/laughs.xml", "/line.txt", "/page.xml",
                                               "/sitemap.xml")]
        host.every = {host.url("/sitemap.xml"): ("urlset", [host.url(p) for p in paths])}
        host.broken = set(host.sitemaps) - set(host.every)
        host.write("/robots.txt", "".join(f"Sitemap: {url}\n" for url in host.sitemaps))
        host.write("/sitemap.xml", urlset(host.url(p) for p in paths))
        entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
        host.write("/laughs.xml", f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY l0 'lol'>{entities}]>"
                   f"<urlset {NAMESPACE}><url><loc>http://hostile.example/&l9;</loc></url></urlset>")
        host.write("/bomb.xml.gz", gzip.compress(b"<urlset>" + b" " * (1 << 27), 9))
        host.write("/page.xml", "<!DOCTYPE html><title>Not found</title>")
        host.write("/line.txt", "http://hostile.example/" + "x" * 10_000_000)
        host.write("/index.html", "<title>Hostile</title>")
        host.write("/bomb.html", gzip.compress(b"\0" * (1 << 27), 9))
        host.write("/large.html", "<p>" + "x " * 5_000_000 + "large@hostile.example")
        host.write("/picture.html", b"\x89PNG")
        host.write("/wrong.html", "<title>Über</title><p>M\u00fcnchen: gr\u00fc\u00dfe, wrong@hostile.example".encode("latin-1"))
        host.write("/nul.html", b"<p>\0nul@hostile.example\0\0")
        host.write("/deep.html", "<p>deep@hostile.example" + "<div>" * 200_000)
        host.write("/line.html", "<p>" + "x " * 1_500_000 + "line@hostile.example")
        host.extra = f"""
    location = /loop {{ return 302 /loop2; }}
    location = /loop2 {{ return 301 /loop; }}
    location = /inside.html {{ return 302 http://127.0.0.1/secret; }}
    location = /nowhere.html {{ return 302 javascript:alert(1); }}
    location = /gone.html {{ return 410; }}
    location = /bomb.html {{ add_header Content-Encoding gzip; }}
    location = /picture.html {{ types {{}} default_type image/png; }}
    location = /wrong.html {{ types {{}} default_type "text/html; charset=utf-8"; }}
    location /endless {{ {self.behind()} }}"""

    def hanging(self):
        """Its pages never come: tried again, and then given up."""
        host = self.host("hanging.example")
        host.write("/index.html", "<title>Hanging</title>")
        host.write("/robots.txt", f"Sitemap: {host.url('/sitemap.xml')}\n")
        host.write("/sitemap.xml", urlset([host.url("/hang/contact"), host.url("/about.html")]))
        host.write("/about.html", "<p>about@hanging.example")
        host.sitemaps = [host.url("/sitemap.xml")]
        host.every = {host.sitemaps[0]: ("urlset", [host.url("/hang/contact"), host.url("/about.html")])}
        host.extra = f"\n    location /hang {{ {self.behind()} }}"

    def behind(self):
        """nginx's words for what Tricks answers."""
        return (f"proxy_pass http://127.0.0.1:{self.tricks.port}; proxy_set_header Host $host; proxy_buffering off; "
                "proxy_read_timeout 600s;")

    def foreign(self):
        host = self.host("xn--bcher-kva.example")  # bücher
        host.websites = ["https://Bücher.example/laden", "http://xn--bcher-kva.example"]
        host.write("/index.html", "<html lang=de><title>Bücher</title>")
        host.write("/sitemap.xml", urlset([host.url("/kontakt")]))
        host.write("/kontakt/index.html", "<p>laden (at) bücher (punkt) example")
        host.sitemaps = [host.url("/sitemap.xml")]
        host.every = {host.sitemaps[0]: ("urlset", [host.url("/kontakt")])}

    # -- places, for the emulated provider

    def places(self):
        """{place id: what the provider says of it}: each way to write a website, and some that are none."""
        websites = [website for host in self.hosts for website in host.websites]
        websites += ["", "http://10.0.0.1/", "localhost", "info@huge.example", "ftp://huge.example/", "https://co.uk"]
        return {f"place-{n:03}": {"name": f"Business {n}", "website": website, "phone": f"+49 40 {n:06}",
                                  "address": f"{n} High Street"} for n, website in enumerate(websites)}

    # -- nginx

    def start(self):
        port = free_port()
        self.proxy = f"http://127.0.0.1:{port}"
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(f"  {kind}_temp_path {self.folder}/tmp-{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # The first server answers for names that are nobody's; those under people.example wait for the test.
        servers = f"""  server {{
    listen 127.0.0.1:{port} default_server;
    location = /secret {{ default_type text/html; return 200 "<p>secret@inside.example"; }}
    location / {{ return 404; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name *.people.example;
    location / {{ {self.behind()} }}
  }}
"""
        for host in self.hosts:
            docs = f"location @docs {{ root {host.tree}; }}" if host.tree else "location @docs { return 404; }"
            servers += f"""  server {{
    listen 127.0.0.1:{port};
    server_name {host.name} www.{host.name};
    root {host.folder};
    location / {{ try_files $uri $uri/ @docs; }}
    {docs}{host.extra}
  }}
"""
        config = self.folder / "nginx.conf"
        config.write_text(f"""daemon off;
{user}
worker_processes 1;
pid {self.folder}/nginx.pid;
error_log {self.folder}/nginx-error.log;
events {{ worker_connections 2048; }}
http {{
{temporary}  types {{ text/html html; application/xml xml; text/plain txt; application/gzip gz; }}
  default_type application/octet-stream;
  log_format requests '$request_method $status $host $request_uri';
  access_log {self.folder}/requests.log requests;
  index index.html;
  absolute_redirect off;
  keepalive_timeout 60s;
  server_names_hash_bucket_size 128;
{servers}}}
""")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        process = subprocess.Popen([program, "-e", str(self.folder / "nginx-error.log"), "-c", str(config)])
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            try:
                ask = urllib.request.Request(self.proxy + "/secret", headers={"Host": "nobody.example"})
                urllib.request.urlopen(ask, timeout=10).close()
                return process
            except OSError:
                time.sleep(0.05)
        process.kill()
        raise SystemExit(f"nginx did not start: {(self.folder / 'nginx-error.log').read_text()}")

    def requests(self):
        """The URL of every GET, in order. (What a CONNECT wants is no URI.)"""
        words = [line.split() for line in (self.folder / "requests.log").read_text().splitlines()]
        return [f"http://{w[2]}{w[3]}" for w in words if w[0] == "GET"]

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.tricks.close()
