"""The proxies of ``deploy/``, running as their files say but for addresses and certificates, before a given server."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.processes import ROOT, eventually, free_port

DEPLOY = ROOT / "deploy"
BEHIND = "127.0.0.1:8050"
NAME = "metrics.example.org"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
# What they send in X-Metrics-Proxy-Secret.
SECRET = "a secret that the proxy has"
CADDY = "{\n\tadmin off\n\tauto_https off\n"


def needed(program: str, package: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is needed: install Debian's package {package}")
    return found


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    made, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = [needed("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost"]
    subprocess.run([*command, *names, "-out", made, "-keyout", key], check=True, capture_output=True)
    return made, key


def nginx_site(folder: Path, port: int, plain_port: int, behind: int, address: str = "localhost") -> str:
    """The site's file with other addresses, and with the certificate of ``folder``."""
    text = re.sub(r"^ *listen \[::\].*\n", "", (DEPLOY / "nginx.conf").read_text(), flags=re.M)
    text = text.replace("listen 80;", f"listen {address}:{plain_port};").replace(
        "listen 443", f"listen {address}:{port}"
    )
    text = text.replace(f"/etc/letsencrypt/live/{NAME}", str(folder)).replace(BEHIND, f"127.0.0.1:{behind}")
    assert text.count("include /etc/nginx/metrics-dash.secret;") == 1
    return text.replace("/etc/nginx", str(folder)).replace("/var/log/nginx", str(folder))


def nginx_command(folder: Path, port: int, behind: int, secret: str = SECRET, address: str = "localhost") -> list[str]:
    certificate(folder)
    (folder / "metrics-dash.secret").write_text(f'proxy_set_header X-Metrics-Proxy-Secret "{secret}";\n')
    (folder / "site.conf").write_text(nginx_site(folder, port, free_port(), behind, address))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
    return [needed("nginx", "nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy_command(folder: Path, port: int, behind: int, secret: str = SECRET, address: str = "localhost") -> list[str]:
    """It reads the secret from its environment."""
    made, key = certificate(folder)
    text = (DEPLOY / "Caddyfile").read_text()
    assert (text.count(f"{NAME} {{\n"), text.count("\n{\n")) == (1, 1)
    text = text.replace(f"{NAME} {{\n", f"https://{address}:{port}, https://{NAME}:{port} {{\n\ttls {made} {key}\n")
    text = text.replace(BEHIND, f"127.0.0.1:{behind}").replace("\n{\n", f"\n{CADDY}")
    (folder / "Caddyfile").write_text(text)
    return [needed("caddy", "caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS = {"nginx": nginx_command, "Caddy": caddy_command}


@contextmanager
def proxy(kind: str, folder: Path, behind: int, secret: str = SECRET, address: str = "localhost") -> Iterator[str]:
    """Start one at an address of this machine, before a port of it; where it is."""
    port = free_port()
    command = COMMANDS[kind](folder, port, behind, secret, address)
    own = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    environment = {**os.environ, **own, "METRICS_PROXY_SECRET": secret}
    with (folder / f"{kind}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:

        def listens() -> bool:
            assert process.poll() is None, (folder / f"{kind}.log").read_text()
            with suppress(OSError):
                socket.create_connection((address, port), timeout=5).close()
                return True
            return False

        eventually(listens, f"{kind} listens")
        yield f"https://{address}:{port}"
    finally:
        process.terminate()
        process.wait(30)
