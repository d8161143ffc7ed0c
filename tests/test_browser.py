"""What is accepted of strangers' texts, in a real browser: nothing runs, and nothing is requested but the deck's own files.

It needs Chromium (`apt-get install chromium`).
"""

import json
import shutil
import subprocess
from collections.abc import Collection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from urllib.parse import unquote

import anki.collection
import pytest
from conftest import import_package
from hostile_texts import KNOWN, hostile_texts
from judge import MADE_BY_ANKI, render_as_desktop
from test_strangers import accept, write_deck

from flashdeck.anki.package_writer import to_package
from flashdeck.pipeline import release

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
TEXTS = 6_000
SCRIPTED = ("choice", "occlusion")  # our own templates of these kinds run scripts
GROUP = 50  # pieces at a time
# Each piece is put into the page as Anki's reviewer does it: as HTML, with scripts made anew so that they run. Then it is used.
PAGE = """<!DOCTYPE html><meta charset="utf-8"><body>
<script nonce="ours">
const ran = [];
let at = 0;
const report = what => ran.push([at, String(what)]);
window.hit = () => report("hit()");
document.addEventListener("securitypolicyviolation", event => report(event.violatedDirective + " " + event.blockedURI));
document.addEventListener("click", event => {
  const link = event.target.closest("a, area");
  const leads = link && link.href && link.protocol !== ":";  // what is no address at all leads nowhere
  if (leads && !/^(https?|mailto):/.test(link.protocol)) report(link.href);
  event.preventDefault();
});
function show(html) {
  const side = document.body.appendChild(document.createElement("div"));
  side.innerHTML = html;
  for (const old of side.querySelectorAll("script")) {
    const script = document.createElement("script");
    script.textContent = old.textContent;
    old.replaceWith(script);
  }
  for (const element of side.querySelectorAll("*"))
    for (const name of ["mouseover", "focus", "toggle", "click", "animationstart"])
      element.dispatchEvent(new Event(name, {bubbles: true, cancelable: true}));
  return side;
}
(async () => {
  const pieces = await (await fetch("/pieces")).json();
  for (at = 0; at < pieces.length; at += GROUP) {
    const sides = pieces.slice(at, at + GROUP).map(show);
    await new Promise(done => setTimeout(done, 60));
    sides.forEach(side => side.remove());
  }
  await fetch("/ran", {method: "POST", body: JSON.stringify(ran)});
})();
</script>""".replace("GROUP", str(GROUP))
POLICY = "default-src 'self'; script-src 'nonce-ours'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def try_in_browser(pieces: list[str], files: Collection[str], profile: Path) -> list[str]:
    """What pieces of HTML ran or requested in a browser for which all of the web is this process."""
    found: list[str] = []
    done = Event()

    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path[1:]
            home = self.headers["Host"].startswith("127.0.0.1:")
            body = {"": PAGE, "pieces": json.dumps(pieces)}.get(name) if home else None
            ours = name == "favicon.ico" or unquote(name) in files or MADE_BY_ANKI.fullmatch(name)
            if body is None and not (home and ours):
                found.append(f"requested {self.headers['Host']}{self.path}")
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy-Report-Only", POLICY)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def do_POST(self) -> None:
            ran = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.extend(f"{what} in one of {pieces[at : at + GROUP]}" for at, what in ran)
            self.send_response(200)
            self.end_headers()
            done.set()

        def log_message(self, *about: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    Thread(target=web.serve_forever, daemon=True).start()
    here = f"127.0.0.1:{web.server_port}"
    options = f"--headless --no-sandbox --disable-gpu --disable-background-networking --user-data-dir={profile}".split()
    with subprocess.Popen(
        [CHROMIUM, *options, "--remote-debugging-port=0", f"--host-resolver-rules=MAP *.invalid {here}", f"http://{here}/"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as chromium:
        finished = done.wait(120)
        chromium.terminate()
    web.shutdown()
    assert finished, "the page was left, or its script was stopped"
    return found


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
def test_what_would_run_or_load_is_noticed(tmp_path):
    pieces = [
        "<img src=x onerror=hit()>",
        "<script>hit()</script>",
        "<a href=javascript:hit()>x</a>",
        "<b onclick=nothing>x</b>",
        "<p style='background:u\\72l(http://elsewhere.invalid/css)'>x</p>",
        "<img src=http://elsewhere.invalid/img>",
    ]

    for piece in pieces:
        assert try_in_browser([piece], [], tmp_path / "profile"), piece
    assert try_in_browser(["<b>x</b>", "<img src=p.png>"], ["p.png"], tmp_path / "profile") == []


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
def test_nothing_that_is_accepted_runs_or_loads_in_a_browser(tmp_path, col: anki.collection.Collection):
    project = accept(tmp_path / "decks", write_deck(tmp_path / "decks", [*KNOWN, *islice(hostile_texts(11), TEXTS)]))
    notes = project.notes("en")
    package = tmp_path / "test.apkg"
    package.write_bytes(to_package(notes, release(project, ["en"], 1_800_000_000).times))
    import_package(col, package)
    cards = [col.get_card(id) for id in col.find_cards("")]
    sides = [side for card in cards if card.note_type()["name"].split()[1] not in SCRIPTED for side in render_as_desktop(card)]
    pieces = [*dict.fromkeys(piece for piece in [*sides, *(field for note in notes for field in note.fields)] if "<" in piece)]
    files = {path.name for path in Path(col.media.dir()).iterdir()}

    assert len(pieces) > TEXTS // 4
    assert try_in_browser(pieces, files, tmp_path / "profile") == []
