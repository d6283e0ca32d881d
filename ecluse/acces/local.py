"""A house opened in this process for the time of one command."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ecluse.acces.contrat import PATIENCE, PROPRIETAIRE, SANS_SCENE, all_values
from ecluse.arretes import AccesArretes, ArretesLocaux
from ecluse.client import ServeurInjoignable
from ecluse.importation import LOT, Envoi
from ecluse.lettres import list_all, replay_one, show
from ecluse.maison import Maison
from services.contacts.endpoints import CHEMINS as FICHES_DES_CONTACTS
from services.indicators import contrat_documents as documents
from services.indicators.contrat import Contrat
from services.indicators.exports.lignes import build_extract
from services.indicators.exports.sortie import parse_format, write_export
from services.indicators.valeurs import Saisie
from services.production.endpoints import CHEMINS as FICHES_DE_PRODUCTION
from services.recovery.endpoints import CHEMINS as FICHES_DE_RECOUVREMENT
from shared.base import table_of
from shared.web.fiches import read_object

# Which service has the fiches at an address, and of which kind of object.
_FICHES = {
    chemin: (service, genre)
    for service, chemins in (("contacts", FICHES_DES_CONTACTS), ("production", FICHES_DE_PRODUCTION),
                             ("recovery", FICHES_DE_RECOUVREMENT))
    for chemin, genre in chemins.items()
}  # fmt: skip


class AccesLocal:
    """A house opened in this process for the time of one command."""

    lot = LOT

    def __init__(self, maison: Maison) -> None:
        self._maison = maison

    def send(self, octets: list[bytes]) -> Envoi:
        return self._maison.guichet.deposit(octets, self._maison.reglages.clock())

    def wait(self) -> bool:
        return self._maison.wait_until_current(PATIENCE)

    def link(self, nom: str) -> str | None:
        del nom
        return None

    def state(self) -> Any:
        return msgspec.to_builtins(self._maison.state())

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.figures(caf, du, au, codes, role))

    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = PROPRIETAIRE, par: str = "") -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.series(code, caf, du, au, pas, role, par))

    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.cut(code, caf, du, au, par, role))

    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str, role: str = PROPRIETAIRE
    ) -> Iterator[bytes]:
        choisi = parse_format(format_)
        self.wait()
        now = self._maison.reglages.clock()
        return write_export(build_extract(self._maison.indicateurs, caf, du, au, codes, pas, now, role), choisi)

    def arretes(self) -> AccesArretes:
        self.wait()
        return ArretesLocaux(self._maison.indicateurs)

    def compare(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str, avec_du: str, avec_au: str
    ) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.compare(caf, du, au, codes, role, avec, avec_du, avec_au))

    def project(self, caf: str, au: str, role: str) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.project(caf, au, role))

    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.explain(code, caf, du, au, par, role))

    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = PROPRIETAIRE,
    ) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.elements(code, caf, du, au, terme, apres, limite, role))

    def fiche(self, chemin: str) -> Any:
        *_, nom, caf, objet = chemin.split("/")
        service, genre = _FICHES[nom]
        lecture = self._maison.services[service]
        modele = next(g.modele for g in lecture.deciders.values() if g.nom == genre)
        with lecture.lecture.connect() as connexion:
            return msgspec.to_builtins(read_object(connexion, table_of(modele), genre, caf, objet))

    def rebuild(self, *, accepter_restauration: bool, archive: Path | None = None) -> Any:
        self.wait()
        return msgspec.to_builtins(
            self._maison.indicateurs.rebuild(accepter_restauration=accepter_restauration, archive=archive)
        )

    def letters(self, *, closes: bool) -> Any:
        return msgspec.to_builtins(list_all(self._maison.services, ouvertes=not closes))

    def letter(self, service: str, numero: int) -> Any:
        return msgspec.to_builtins(show(self._maison.services[service], numero))

    def replay(self, service: str, numero: int, *, essai: bool) -> Any:
        return msgspec.to_builtins(replay_one(self._maison.services[service], numero, essai=essai))

    def record_value(self, saisie: Saisie, cle: str | None) -> Any:
        return msgspec.to_builtins(documents.record_value(self._contrat, saisie, cle))

    def values(self, caf: str, code: str | None) -> Any:
        return all_values(
            lambda apres: msgspec.to_builtins(
                documents.list_values(self._contrat, caf, code, apres, documents.VALEURS_MAX)
            )
        )

    def import_targets(self, table: bytes, auteur: str, fichier: str, cle: str | None) -> Any:
        fait = self._contrat.import_targets(table, auteur, fichier, cle)
        return msgspec.to_builtins(documents.tell_import(fait))

    def targets(self, caf: str, annee: int, *, historique: bool) -> Any:
        return msgspec.to_builtins(documents.list_targets(self._contrat, caf, annee, historique=historique))

    def target_imports(self) -> Any:
        return msgspec.to_builtins(documents.list_imports(self._contrat))

    def scene(self) -> Any:
        raise ServeurInjoignable(SANS_SCENE)

    def switch_scene(self, nom: str) -> Any:
        del nom
        raise ServeurInjoignable(SANS_SCENE)

    @property
    def _contrat(self) -> Contrat:
        return self._maison.indicateurs.contrat
