"""``ecluse migrations``: what it does to a database, and what it says when it can not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.migrations import head_of
from tests.commandes import ecluse
from tests.infra.premiere_version import write_first_release


def test_the_command_tells_where_a_database_is_and_brings_it_up(
    nouvelle_base: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECLUSE_DATABASE_URL", nouvelle_base("recovery"))
    tete = head_of("recovery")
    fin = ecluse("migrations", "check", "recovery")
    assert (fin.code, fin.sortie) == (
        1,
        f"recovery : vide, attendu {tete} ; lancer « ecluse migrations upgrade recovery »\n",
    )
    assert ecluse("migrations", "upgrade", "recovery").sortie == f"recovery : vide → {tete}\n"
    assert ecluse("migrations", "upgrade", "recovery").sortie == f"recovery : à jour ({tete})\n"
    assert ecluse("migrations", "current", "recovery").sortie == f"recovery : {tete}\n"
    assert ecluse("migrations", "check", "recovery").code == 0


def test_the_command_works_on_a_folder_of_files_too(tmp_path: Path) -> None:
    for service in ("contacts", "indicators"):
        write_first_release(tmp_path / f"{service}.db", service)
    fin = ecluse("migrations", "upgrade", "--data-dir", tmp_path)
    absents = [f"{s} : aucun fichier dans {tmp_path}, « ecluse up » le crée" for s in ("production", "recovery")]
    montes = [f"{s} : 0001 → {head_of(s)}" for s in ("contacts", "indicators")]
    faits = [montes[0], *absents, montes[1]]
    assert fin.sortie.splitlines() == faits
    assert ecluse("migrations", "check", "contacts", "--data-dir", tmp_path).code == 0


@pytest.mark.parametrize(
    ("arguments", "url", "dit"),
    [
        (["check", "caisse"], "", "service inconnu : caisse"),
        (["check"], "postgresql://u:secret@127.0.0.1:9/b", "ECLUSE_DATABASE_URL est la base d'un seul service"),
        (["check", "contacts"], "postgresql://u:secret@127.0.0.1:9/b", "la base 127.0.0.1:9/b est inutilisable"),
        (["check", "contacts"], "secret", "ECLUSE_DATABASE_URL"),
        (["check", "--data-dir", "/nulle-part"], "", "le dossier /nulle-part n'existe pas"),
    ],
)
def test_what_prevents_the_command_is_one_line(
    arguments: list[str], url: str, dit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECLUSE_DATABASE_URL", url)
    fin = ecluse("migrations", *arguments)
    assert fin.code == 2
    assert dit in fin.erreurs
    assert len(fin.erreurs.splitlines()) == 1
    assert "secret" not in fin.erreurs
