"""What a connection over TLS trusts, and what is said where it does not: with real servers on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.shared.trust import Trust
from hooks.handler import GiveUp
from tests.handlers.shared.one_request import asked, shows, told
from tests.parts.targets.certificates import Certificate, authority, made
from tests.parts.targets.fakes_http import Answer, Ask, served


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (made, "that nobody but itself has signed; name a PEM file with that certificate in IT_CA_FILE"),
        (lambda: made(by=authority()), "of an authority that is not known here; name a PEM file"),
    ],
    ids=["self-signed", "own authority"],
)
def test_a_certificate_that_is_not_trusted_names_the_setting_that_helps(
    make: Callable[[], Certificate], words: str, tmp_path: Path
) -> None:
    with shows(make(), tmp_path) as url, pytest.raises(GiveUp, match=words) as gave_up:
        asked(url)
    assert gave_up.value.kind == "https"


def test_each_of_these_cures_works(tmp_path: Path) -> None:
    itself, own = made(), authority()
    with shows(itself, tmp_path) as url:
        assert asked(url, itself.pem(tmp_path / "itself.pem")).status == 200
    with shows(made(by=own), tmp_path) as url:
        assert asked(url, own.pem(tmp_path / "authority.pem")).status == 200


@pytest.mark.parametrize("name", ["qbittorrent.example.org", "192.0.2.1"])
def test_a_certificate_for_another_name_is_refused_unless_it_is_the_very_one_in_the_file(
    name: str, tmp_path: Path
) -> None:
    own = authority()
    certificate = made(name, by=own)
    with shows(certificate, tmp_path) as url:
        with pytest.raises(GiveUp, match="for another name; write its name in the URL, or name a file with this very"):
            asked(url, own.pem(tmp_path / "authority.pem"))
        assert asked(url, certificate.pem(tmp_path / "itself.pem")).status == 200


def test_another_certificate_than_the_pinned_one_gets_no_request(tmp_path: Path) -> None:
    asks: list[Ask] = []
    pinned = made("a.example.org").pem(tmp_path / "pinned.pem")
    other = made("b.example.org").server(tmp_path)

    def listen(ask: Ask) -> Answer:
        asks.append(ask)
        return told(ask)

    with served(listen, tls=other) as url, pytest.raises(GiveUp, match="shows a certificate"):
        asked(url.replace("https://", "https://me:pw@"), pinned)
    assert asks == []


@pytest.mark.parametrize(
    ("days", "words"), [((-9, -2), "that has expired; renew it"), ((2, 9), "not valid yet; compare")]
)
def test_a_certificate_out_of_its_time(days: tuple[int, int], words: str, tmp_path: Path) -> None:
    own = authority()
    with shows(made(days=days, by=own), tmp_path) as url, pytest.raises(GiveUp, match=words):
        asked(url, own.pem(tmp_path / "authority.pem"))


def test_the_file_alone_is_trusted(tmp_path: Path) -> None:
    other = authority().pem(tmp_path / "other.pem")
    with shows(made(by=authority()), tmp_path) as url, pytest.raises(GiveUp, match="shows a certificate"):
        asked(url, other)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read (No such file or directory)"), ("", "holds no certificate in PEM form"),
        ("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "holds no certificate in PEM form"),
        ("a key of mine", "holds no certificate in PEM form"),
        ("\ufeff-----BEGIN CERTIFICATE-----\n", "holds no certificate in PEM form"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_certificate_is_named(content: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(GiveUp) as gave_up:
        asked("https://127.0.0.1:1", file)
    assert f"IT_CA_FILE names {file}, which {words}" in gave_up.value.said


def test_a_file_of_openssls_trusted_form_pins_nothing(tmp_path: Path) -> None:
    own, file = authority(), tmp_path / "trusted.pem"
    own.pem(file)
    file.write_text(file.read_text().replace("CERTIFICATE", "TRUSTED CERTIFICATE"))
    with shows(made(by=own), tmp_path) as url:
        assert asked(url, file).status == 200
    with shows(made("a.example.org", by=own), tmp_path) as url, pytest.raises(GiveUp, match="for another name"):
        asked(url, file)


def test_a_file_that_has_changed_is_another_trust(tmp_path: Path) -> None:
    file = made().pem(tmp_path / "ca.pem")
    before = Trust.of("IT", str(file), "")
    assert Trust.of("IT", str(file), "") == before
    file.write_text(file.read_text() + "\n")
    assert Trust.of("IT", str(file), "") != before
