"""Servers with one trouble each, as facts, and the words that the doctor must find for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from handlers.shared.docker_rights import Refused
from hooks.config.settings import Settings
from hooks.doctor.facts.model import (
    AdGuard,
    Docker,
    DockerAccess,
    Gluehook,
    Gluetun,
    OtherClient,
    Refusal,
    Server,
    Unread,
    WireGuard,
)
from hooks.pairs.model import Access, Client
from hooks.world.model import PortFile
from tests.doctor.troubled_servers import (
    ELSEWHERE,
    GLUETUN,
    HEALER,
    LABELLED,
    OLD,
    QB,
    UNHEALTHY,
    acted,
    device,
    gluetun,
    over_tcp,
    preferring,
    qbittorrent,
    refused,
    resolved,
)
from tests.parts.values.server_facts import (
    ADGUARD_IP,
    CONTAINERS,
    DEVICE,
    NOW_S,
    PORT,
    PREFERENCES,
    container,
    having,
    well,
)

# check -> servers that have that trouble, each with words that must be in what is seen or in the remedy
CASES: Mapping[str, Sequence[tuple[Server, tuple[str, ...]]]] = {
    "docker-unreachable": [
        (well(docker=Unread("gluehook may not use Docker's socket /d.sock (permission denied): add the line `x`")),
         ("may not use", "add the line")),
        (well(docker=Unread("there was no answer within 5.0 s")), ("no answer", "DOCKER_HOST")),
    ],
    "docker-right-missing": [
        (well(refused=[Refused("POST", f"/containers/{'0' * 64}/restart", 403, ("rejoin-network", "heal-vpn-harder"))]),
         ("POST /containers/ID/restart: refused with 403, and needed by rejoin-network, heal-vpn-harder",
          "CONTAINERS=1 ALLOW_RESTARTS=1", "list of allowed paths, add POST /containers/ID/restart")),
        (well(refused=[Refused("POST", "/containers/x/exec", 405, ("mine",))]), ("CONTAINERS=1 EXEC=1 POST=1",)),
        (well(access=DockerAccess("https://d:2376", is_socket=False, tls=True),
              refused=[Refused("DELETE", "/containers/x", 403, ("mine",))]), ("authorization plugin",)),
    ],
    "docker-wide-open": [
        (well(access=DockerAccess("/d.sock", writable_by_all=True)), ("every user", "chmod o-rw /d.sock")),
        (over_tcp("IMAGES", "VOLUMES", "INFO"), ("tcp://proxy:2375", "without TLS",)),
        (over_tcp("INFO"), ("allows INFO=1", "the proxy")),
        (having(replace(CONTAINERS["gluehook"], privileged=True)), ("privileged",)),
    ],
    "docker-list-incomplete": [
        (well(docker=Docker(doubts=("Docker's list has an entry that is left out",))), ("left out", "remove it")),
    ],
    "container-down": [
        (having(container("gluetun", running=False)), ("'gluetun' does not run", "docker start gluetun")),
        (having(container("adguard", running=False)), ("'adguard'",)),
        (having(container("gluetun", running=False), gluehook=acted("stopped")),
         ("'gluetun' does not run", ": a rule of gluehook has stopped it", "docker start gluetun")),
        (having(container("gluetun", running=False, finished_at=9), gluehook=acted("stopped", at=7)),
         ("(exit code 0)", "its owner may have stopped it")),
    ],
    "container-not-found": [
        (well(containers={"gluetun": None, "media-gluetun-1": container("media-gluetun-1", image="qmcgaw/gluetun:v3"),
                          "qbittorrent": None}, gluetun=None, qbittorrent=None, port_file=PortFile()),
         ("no container is named 'gluetun'", "'media-gluetun-1' (qmcgaw/gluetun:v3)",
          "leave GLUETUN_CONTAINER out at gluehook", "or set it to media-gluetun-1")),
        (having(container("torrents", image="ghcr.io/hotio/qbittorrent"), settings=Settings(
            qbittorrent_container="qb")), ("'qb'", "'torrents'", "QBITTORRENT_CONTAINER", "set it to qbittorrent")),
    ],
    "role-unclear": [
        (well(unclear_roles=['a [[client]] says container = "torents", and no container has that name; correct it']),
         ('"torents"', "correct it")),
    ],
    "container-paused": [
        (having(container("qbittorrent", network="container:gluetun-id", paused=True)),
         ("'qbittorrent' is paused", "docker unpause qbittorrent")),
        (having(container("qbittorrent", network="container:gluetun-id", paused=True),
                gluehook=acted("paused", "qbittorrent")),
         ("'qbittorrent' is paused, by a rule of gluehook", "docker unpause qbittorrent")),
    ],
    "dependent-waiting": [
        (having(container("mid", network="container:gluetun-id", running=False),
                container("sonarr", network="container:mid-id")),
         ("'sonarr' shares the network of 'mid', which does not run", "docker start mid", "docker restart sonarr")),
    ],
    "gluetun-unhealthy": [(having(UNHEALTHY), ("is unhealthy", "heal-vpn"))],
    "gluehook-unwell": [
        (well(gluehook=Gluehook(False, ("no heartbeat at /x: it is not running",))), ("no heartbeat", "not running")),
    ],
    "rules-rejected": [(well(gluehook=Gluehook(True, ("healthy",), rules_rejected="2 errors")), ("2 errors", "check"))],
    "secret-without-value": [
        (well(secrets=["rule hook needs ${secret:HOOK}, and that secret has no value; set HOOK_FILE"]),
         ("${secret:HOOK}", "set HOOK_FILE")),
    ],
    "region-cannot-forward": [
        (gluetun(VPN_SERVICE_PROVIDER="pia", SERVER_REGIONS="US East"), ("US East",)),
        (gluetun(VPN_SERVICE_PROVIDER=' "PIA" ', SERVER_REGIONS="'US East,US Texas'"), ("US East, US Texas",)),
        (gluetun(VPN_SERVICE_PROVIDER="mullvad", VPNSP="private internet access", REGION="US East"),
         ("REGION is US East",)),
        (gluetun(SERVER_REGIONS="US East, us texas"), ("US East, us texas", "Mexico,Panama")),
        (gluetun(SERVER_REGIONS="", REGION="US Chicago"), ("REGION is US Chicago", "REGION: Mexico,Panama")),
        (gluetun(SERVER_REGIONS="US East", PORT_FORWARD_ONLY="on"), ("US East",)),
    ],
    "port-forward-only-off": [
        (gluetun(SERVER_REGIONS="US East", PORT_FORWARD_ONLY="off"),
         ("no port in US East", "take PORT_FORWARD_ONLY out")),
        (gluetun(SERVER_REGIONS="Panama,US East", PORT_FORWARD_ONLY="false"), ("no port in US East",)),
        (gluetun(SERVER_REGIONS="", PORT_FORWARD_ONLY="no"), ("leaves open",)),
    ],
    "region-unknown": [(gluetun(SERVER_REGIONS="Mexcio"), ("'Mexcio'", "write Mexico"))],
    "tunnel-down": [
        (well(gluetun=Gluetun("stopped")), ("stopped", "somebody stopped it")),
        (well(gluetun=Gluetun("crashed")), ("crashed", "credentials")),
    ],
    "tunnel-without-port": [(well(gluetun=Gluetun("running", "8.8.8.8", "Panama", 0)), ("8.8.8.8", "heal-vpn"))],
    "port-file-stale": [(well(port_file=OLD), (str(PORT), "older than gluetun's start"))],
    "port-file-elsewhere": [
        (well(port_file=PortFile()), (f"forwards {PORT}", "holds no port", "./port:/tmp/gluetun")),
    ],
    "port-folder-missing": [
        (well(port_file=PortFile(), port_folder_missing=True),
         ("there is no folder /tmp/gluetun", "./port:/tmp/gluetun")),
    ],
    "port-file-unreadable": [
        (well(port_file=PortFile((), "the port file x cannot be read: permission denied; chmod a+r x")),
         ("permission denied", "chmod a+r x")),
        (well(port_file=PortFile((), "the port file x cannot be read: is a directory; y", "1-1", 1)),
         ("is a directory", "must name the file that gluetun writes")),
        (well(port_file=PortFile((), "the port file x cannot be read: it is a symbolic link to y, which is not there; "
                                     "remove the link, or let …", "1-1", 1)),
         ("which is not there", "remove the link")),
    ],
    "port-file-garbage": [
        (well(port_file=PortFile((), "the port file x holds something else than a number in line 1; y", "1-1", 1)),
         ("something else than a number", "only digits")),
    ],
    "port-missing": [
        (well(gluetun=Refusal("closed", "answers 401"), port_file=PortFile()), ("is not there", "'gluetun' runs")),
        (well(gluetun=Unread("no answer"), port_file=PortFile((), "", "1-1", 1)), ("is empty",)),
    ],
    "port-file-mounted-alone": [
        (well(port_file_is_mounted=True),
         ("in gluehook's container", "mount the folder", "docker compose -p home up -d --force-recreate gluehook")),
        (having(replace(GLUETUN, mounts={"/tmp/gluetun/forwarded_port": ("bind", "/srv/port")})),
         ("in gluetun's container",)),
    ],
    "control-server-closed": [
        (well(gluetun=Refusal("closed", "gluetun answers 401")), ("answers 401", "[[roles]]", "GET /v1/vpn/status")),
    ],
    "control-server-behind-proxy": [
        (well(gluetun=Refusal("proxy", "gluetun at x: a proxy answers 403 in its place; allow gluehook there")),
         ("in its place", "allow gluehook")),
        (well(gluetun=Gluetun("running", "8.8.8.8", "Panama", None, {"port": Refusal("proxy", "a proxy; allow it")})),
         ("a proxy", "allow it")),
    ],
    "control-server-https": [
        (well(gluetun=Refusal("https", "gluetun speaks https at that port; write https://")), ("https", "write https")),
    ],
    "control-server-silent": [
        (well(gluetun=Unread("gluetun at http://gluetun:8000 refuses the connection")), ("refuses", "on one network")),
        (replace(gluetun(HTTP_CONTROL_SERVER_ADDRESS=":9000"), gluetun=Unread("refuses")), ("GLUETUN_URL: http://gluetun:9000",)),
        (replace(gluetun(HTTP_CONTROL_SERVER_ADDRESS="127.0.0.1:8000"), gluetun=Unread("refuses")),
         ("lets only gluetun itself in", "write :8000")),
    ],
    "password-rejected": [(refused("password", "rejects the password"), ("rejects", "QBITTORRENT_PASSWORD"))],
    "api-key-rejected": [(refused("api-key", "qBittorrent rejects the API key"), ("rejects", "QBITTORRENT_API_KEY"))],
    "address-banned": [(refused("banned", "has banned our address"), ("banned", "docker restart qbittorrent"))],
    "host-header-refused": [(refused("host", "answers 401 before any"), ("before any", "8080:8080 at gluetun", "http://gluetun:8080"))],
    "login-missing": [(refused("no-login", "wants a login"), ("wants a login", "Bypass authentication"))],
    "web-ui-behind-proxy": [
        (refused("proxy", "a proxy answers 403 in its place; allow gluehook there"), ("403", "allow gluehook")),
        (refused("proxy-login", "a proxy answers 401; write them in QBITTORRENT_URL"), ("401", "QBITTORRENT_URL")),
    ],
    "web-ui-https": [
        (refused("https", "shows a certificate that has expired; renew it there"), ("expired", "renew it")),
    ],
    "web-ui-silent": [(well(qbittorrent=Unread("refuses the connection")), ("refuses", "on gluetun's network")),
        (having(replace(QB, environment={"QBT_WEBUI_PORT": "8181"}), qbittorrent=Unread("refuses")),
         ("http://gluetun:8181",)),
        (having(replace(QB, environment={"WEBUI_PORTS": "9090/tcp,9090/udp"}), qbittorrent=Unread("refuses")),
         ("http://gluetun:9090",)),
    ],
    "torrenting-port-set": [
        (having(replace(QB, environment={"TORRENTING_PORT": "6881"})), ("6881", "take it out")),
        (having(replace(QB, environment={"QBT_TORRENTING_PORT": "6881"})), ("QBT_TORRENTING_PORT is 6881",)),
        (having(replace(QB, environment={"INCOMING_PORT": "'50000'"})), ("INCOMING_PORT is 50000",)),
    ],
    "port-redirected": [
        (gluetun(VPN_PORT_FORWARDING_LISTENING_PORT="6881"),
         ("redirects the forwarded port to 6881", "rule forward-port", "take VPN_PORT_FORWARDING_LISTENING_PORT out")),
        (gluetun(VPN_PORT_FORWARDING_LISTENING_PORTS="'6881,6882'"), ("to 6881",)),
    ],
    "random-port-or-upnp": [
        (preferring(random_port=True), ("a random port",)),
        (preferring(upnp=True), ("UPnP",)),
    ],
    "interface-missing": [(qbittorrent(interfaces=("lo", "eth0")), ("bound to tun0", "lo, eth0"))],
    "address-missing": [
        (qbittorrent(preferences={**PREFERENCES, "current_interface_address": "10.9.9.9"}, listening=(),
                     bindable=("10.8.0.2",)), ("10.9.9.9", "10.8.0.2", "All addresses")),
    ],
    "port-differs": [(preferring(listen_port=6881), ("set to 6881", f"forwards {PORT}"))],
    "nothing-listens": [
        (qbittorrent(listening=()), ("nothing listens on port 40000", "to another one, apply, and back")),
        (qbittorrent(listening=("172.18.0.2",)), ("only on 172.18.0.2", "tunnel is 10.8.0.2")),
    ],
    "relisten-owed": [
        (well(applied={"generation": "0-0", "port": PORT}), ("was written after", "gluehook history")),
    ],
    "port-not-forwarded": [
        (well(clients=[OtherClient("isos", "transmission", "gluetun", PORT, 2)]),
         ("'isos': it is to have port number 2 of gluetun, which forwards 1", "write port = 1 into its [[client]]",
          "let gluetun forward 2 ports")),
        (well(client=Client("qbittorrent", "qbittorrent", Access(""), port=3),
              port_file=PortFile((PORT, 5001), "", "1-1", int((NOW_S - 60) * 1e9))),
         ("'qbittorrent'", "port number 3 of gluetun, which forwards 2", "write port = 1 to 2")),
    ],
    "another-writer": [
        (gluetun(VPN_PORT_FORWARDING_UP_COMMAND="/bin/sh -c 'wget --post-data json={\"listen_port\":{{PORT}}} u:p@h'"),
         ("UP_COMMAND sets listen_port",)),
        (gluetun(VPN_PORT_FORWARDING_UP_COMMAND="/bin/sh -c 'echo {{PORT}} > /x'"), ("UP_COMMAND hands the port on",)),
        (gluetun(VPN_PORT_FORWARDING_UP_COMMAND="/scripts/up.sh"), ("UP_COMMAND runs a script",)),
        (having(replace(QB, environment={"DOCKER_MODS": "x/gsp-gluetun-sync-port-mod"})),
         ("DOCKER_MODS",)),
        (having(container("sticky", image="ghcr.io/monstermuffin/qsticky:latest")),
         ("'sticky'", "docker stop sticky")),
        (having(container("tool", image="me/tool:1", environment={"QBITTORRENT_URL": "x", "GLUETUN_API": "y"})),
         ("'tool'", "QBITTORRENT_URL and GLUETUN_API")),
        (having(container("watcher", image="clemcer/loggifly:latest", environment={"CONTAINERS": "gluetun,sonarr"})),
         ("'watcher'", "acts on lines of logs")),
    ],
    "open-to-everybody": [
        (preferring(bypass_auth_subnet_whitelist_enabled=True, bypass_auth_subnet_whitelist="10.0.0.0/8,0.0.0.0/0"),
         ("every address",)),
    ],
    "dependent-stale": [
        (having(container("qbittorrent", network="container:gluetun-id", started_s=9000)),
         ("longer than 'gluetun'", "docker restart qbittorrent")),
    ],
    "dependent-stranded": [
        (having(container("qbittorrent", network="container:gluetun-id", running=False,
                                        error="cannot join network of a non running container: abc")),
         ("could not join 'gluetun'", "docker start qbittorrent")),
    ],
    "orphaned": [
        (having(ELSEWHERE), ("does not exist (gone-for-goo)", "-p home up -d --force-recreate qbittorrent")),
        (having(replace(ELSEWHERE, labels={})), ("docker inspect qbittorrent", "into the rule rejoin-network")),
    ],
    "own-namespace-shared": [
        (having(container("gluehook", network="container:gluetun-id")), ("network_mode", "http://gluetun:8080")),
    ],
    "healer-restarts-gluetun": [
        (having(HEALER), ("label is all", "AUTOHEAL_CONTAINER_LABEL: autoheal")),
        (having(LABELLED, container("deunhealth", image="qmcgaw/deunhealth")),
         ("label is deunhealth", "off gluetun")),
    ],
    "hairpin": [(device(seen_at="192.168.1.1:51820", at_home=True), ("'phone'", "192.168.1.1", "SSIDs"))],
    "keys-in-the-log": [
        (having(container("wireguard", image="lscr.io/linuxserver/wireguard:1")), ("means true",)),
        (having(container("wireguard", image="linuxserver/wireguard", environment={"LOG_CONFS": "true"})),
         ("LOG_CONFS is true", "up -d --force-recreate wireguard")),
    ],
    "key-readable": [
        (well(wireguard=WireGuard((DEVICE,), ("/c/wg0.conf", "/c/a", "/c/b", "/c/d"))),
         ("and 1 more", "chmod 600 /c/wg0.conf")),
    ],
    "peers-dns-elsewhere": [(device(dns=("172.18.0.99",)), ("phone (172.18.0.99)", "ipv4_address"))],
    "no-common-network": [
        (having(container("wireguard", network="other", environment={"LOG_CONFS": "false"})),
         ("on other", "'adguard' on home")),
    ],
    "dns-silent": [
        (well(adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, Unread("did not answer"))), ("did not answer",)),
        (well(adguard=AdGuard("adguard", True, {"home": ADGUARD_IP}, "SERVFAIL")), ("SERVFAIL", "upstream")),
    ],
    "endpoint-unknown": [
        (resolved(error="Name or service not known"), ("cannot be resolved", "getent")),
        (device(endpoint=":51820"), ("no Endpoint in the file of phone", "SERVERURL")),
    ],
    "endpoint-elsewhere": [
        (resolved("192.168.1.20"), ("from outside", "dynamic DNS")),
        (resolved("8.8.8.8"), ("address of the VPN",)),
        (well(public_ip="8.8.4.9"), ("public address is 8.8.4.9",)),
    ],
}  # fmt: skip
