"""What the tables must hold when a world (curate_world.py) has been curated: worked out from the world's files, by
Python's own libraries. Nothing here was taken from the program; where both read a page, they must agree.

    businesses  {place id: domain or None}
    domains     {host: (title, description, language)}
    sitemaps    {URL: (processing status, kind or None)}
    pages       {URL: (curation status, processing status, score in per cent, contact)}
    contacts    {(host, address): (page, best)}
"""

import html.parser
import re
import urllib.parse

INLINE = set("a abbr acronym b bdi bdo big cite code data dfn em font i kbd mark q s samp small span strong sub sup "
             "time tt u var wbr ins del".split())
WORDS = [
    (90, "contact contacts contactus kontakt kontakte contacto contatti contactez"),
    (70, "career careers job jobs vacancy vacancies karriere stellen emploi vacature vacatures hiring"),
    (60, "legal imprint impressum privacy terms tos disclaimer datenschutz agb gdpr"),
]
FILTERED_FOLDERS = set("blog blogs media uploads tag tags category categories author archive archives feed rss".split())
FILTERED_FILES = set("jpg jpeg png gif webp svg ico pdf zip gz css js json xml txt mp3 mp4".split())
WIRE_CAP = 4 << 20  # FetchCaps, PageCaps
HOSTILE = {"/loop", "/bomb.html", "/endless.html", "/picture.html", "/inside.html", "/gone.html", "/nowhere.html"}


def judge(url):
    """(score, filtered) of a URL, by the rules of SYSTEMS.md section 3."""
    segments = [urllib.parse.unquote(s).lower() for s in urllib.parse.urlsplit(url).path.split("/") if s]
    if FILTERED_FOLDERS & set(segments):
        return 0, True
    if segments and "." in segments[-1] and segments[-1].rsplit(".", 1)[1] in FILTERED_FILES:
        return 0, True
    if len(segments) > 2:
        return 0, False
    words = {word for segment in segments for word in re.split(r"[^a-z0-9]+", segment)}
    return max((score for score, known in WORDS if words & set(known.split())), default=0), False


def text_of(data):
    """Bytes of a page to text: a mark, a <meta>, UTF-8, else what old western pages are in."""
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    named = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", data[:1024], re.IGNORECASE)
    for charset in ([named.group(1).decode().lower()] if named else []) + ["utf-8"]:
        try:
            return data.decode({"iso-8859-1": "cp1252", "us-ascii": "utf-8"}.get(charset, charset)).replace("\0", "")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace").replace("\0", "")


class Page(html.parser.HTMLParser):
    """A page's blocks of text and its mailto: links, title, description and language."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.blocks, self.links, self.titles, self.in_title, self.hidden = [""], [], [], False, 0
        self.description = self.language = ""
        self.feed(text)
        self.close()
        self.title = " ".join(self.titles[0].split()) if self.titles else ""

    def handle_starttag(self, tag, attrs):
        have = {name: value or "" for name, value in reversed(attrs)}
        if tag not in INLINE:
            self.blocks.append("")
        if tag in ("script", "style"):
            self.hidden += 1
        if tag == "title" and not self.titles:
            self.titles.append("")
            self.in_title = True
        if tag == "html" and not self.language:
            self.language = (have.get("lang") or have.get("xml:lang") or "").lower()
        if tag == "meta" and have.get("name", "").lower() == "description" and not self.description:
            self.description = " ".join(have.get("content", "").split())
        if tag in ("a", "area") and have.get("href", "").lower().startswith("mailto:"):
            self.links.append(urllib.parse.unquote(have["href"][7:].split("?")[0]))

    def handle_endtag(self, tag):
        if tag not in INLINE:
            self.blocks.append("")
        if tag in ("script", "style") and self.hidden:
            self.hidden -= 1
        if tag == "title":
            self.in_title = False

    def handle_data(self, data):
        if self.in_title:
            self.titles[0] += data
        elif not self.hidden:
            self.blocks[-1] += data


ADDRESS = re.compile(r"[\w.%+'&-]+@[^\W_](?:[^\W_]|[.-])*", re.UNICODE)
AT = re.compile(r"\s*[\[({<]\s*(?:at|ät|@|arroba)\s*[\])}>]\s*", re.IGNORECASE)
DOT = re.compile(r"\s*[\[({<]\s*(?:dot|punkt|point|punto|\.)\s*[\])}>]\s*", re.IGNORECASE)
SPELLED = re.compile(r"\b([\w.+-]+)\s+at\s+([\w-]+)((?:\s+dot\s+[\w-]{2,})+)", re.IGNORECASE)
NO_TOPS = set("png jpg jpeg gif webp svg css js json html htm php pdf xml local invalid map".split())


def addresses_in(text):
    text = DOT.sub(".", AT.sub("@", text))
    text = SPELLED.sub(lambda m: f"{m[1]}@{m[2]}{re.sub(chr(92) + 's+dot' + chr(92) + 's+', '.', m[3], flags=re.I)}", text)
    found = set()
    for match in ADDRESS.finditer(text):
        local, host = match.group().rsplit("@", 1)
        local, host = re.sub(r"^[^A-Za-z0-9]+", "", local).lower(), host.rstrip(".-").lower()
        if not host.isascii():
            host = ".".join(label.encode("idna").decode() for label in host.split("."))
        top = host.rsplit(".", 1)[-1]
        sound = re.fullmatch(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62}))(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))+", host)
        letters = re.fullmatch(r"[a-z]{2,}|xn--[a-z0-9-]+", top)
        if local and local.isascii() and len(local) <= 64 and not local.endswith(".") and ".." not in local \
                and sound and letters and top not in NO_TOPS:
            found.add(f"{local}@{host}")
    return found


def addresses_of(page):
    found = set()
    for text in page.links + page.blocks:
        found |= addresses_in(text)
    return found


def expected_page(host, path):
    """(processing status, addresses) of a page that is fetched."""
    if host.name == "hostile.example" and path in HOSTILE or path.startswith("/hang"):
        return "Error", set()
    file = host.file(path)
    if file is None:
        return "Error", set()
    data = file.read_bytes()
    if host.name == "hostile.example" and path == "/deep.html":
        data = data[:100]  # what follows is nothing but depth
    if len(data) > WIRE_CAP:
        return "Error", set()
    return "Completed", addresses_of(Page(text_of(data)))


def expected(world, fetched=lambda host, url, score: True):
    """All tables. `fetched`: whether the test has a page fetched that is neither selected nor filtered by itself."""
    tables = {"businesses": {}, "domains": {}, "sitemaps": {}, "pages": {}, "contacts": {}}
    domain_of = {website: host.name for host in world.hosts for website in host.websites}
    for place, facts in world.places().items():
        tables["businesses"][place] = domain_of.get(facts["website"])
    for host in world.hosts:
        home = Page(text_of(host.file("/").read_bytes()))
        tables["domains"][host.name] = (home.title, home.description, home.language)
        for url, (kind, _) in host.every.items():
            tables["sitemaps"][url] = ("Completed", kind)
        for url in host.broken:
            tables["sitemaps"][url] = ("Error", None)
        urls = sorted({url for kind, urls in host.every.values() if kind != "index" for url in urls})
        for url in urls:
            score, filtered = judge(url)
            if filtered:
                tables["pages"][url] = ("New", "Filtered", 0, "")
            elif score == 0 and not fetched(host, url, score):
                tables["pages"][url] = ("New", "", 0, "")
            else:
                status, found = expected_page(host, url.removeprefix(host.url("")))
                contact = "" if status == "Error" else "ContactFound" if found else "NoContactFound"
                tables["pages"][url] = ("Selected", status, score, contact)
                for address in found:
                    tables["contacts"].setdefault((host.name, address), url)  # the lowest URL speaks
    return tables
