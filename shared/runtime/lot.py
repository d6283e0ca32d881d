"""One batch, one transaction: the recipe that every change goes through (architecture §3).

Dossiers of the batch in sorted order; inbox keys in sorted order; object rows in sorted order; decide in memory; save
against the version loaded; dead letters; work; journal rows last. The caller opens and commits the transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from msgspec import Raw
from msgspec.json import Encoder
from sqlalchemy import Connection, Table, delete

from shared.base import among_keys, bind_keys, fetch_raw, insert_many, save_many, select_keys, table_of
from shared.corbeille.tables import Element, Report
from shared.events.mouvements import MOUVEMENTS
from shared.events.porte import Recu
from shared.runtime.boite import keep_taken, read_taken
from shared.runtime.faits import ORDRE, Fait, decode_facts, encode_facts, fact_of
from shared.runtime.journal import AJournaliser
from shared.runtime.lettres import close_letters, open_letter, park_letter
from shared.runtime.objets import Etat, Genre, Lecture, Objet, encode_pairs, form_of
from shared.runtime.sortie import Mouvement, Sortie, write_output
from shared.runtime.verrous import Verrous
from shared.temps import write_instant

ELEMENT: Final = table_of(Element)
REPORT: Final = table_of(Report)
_ENCODER: Final = Encoder()
_VIDE: Final = b"[]"
_MOUVEMENT_DE: Final = {m.famille: m.type for m in MOUVEMENTS.values()}


class Conflit(Exception):
    """The rows changed between load and save: roll back and decide again."""


class Verdict(NamedTuple):
    """What the runtime did of an event: ``accepte``, ``doublon`` or ``refuse`` with the reason."""

    sort: str
    detail: str = ""


ACCEPTE: Final = Verdict("accepte")
DOUBLON: Final = Verdict("doublon")
DIFFERENT: Final = Verdict(
    "refuse", "cet id est déjà pris par cette source avec un autre contenu : donner un nouvel id à la correction"
)


class Lot(Lecture):
    """The open transaction of one batch of one service."""

    def __init__(self, service: str, deciders: Mapping[str, Genre], connexion: Connection, maintenant: int) -> None:
        self.service = service
        self.connexion = connexion
        self.maintenant = maintenant
        self.journal: list[AJournaliser] = []
        self.deciders = deciders
        self._heure = write_instant(maintenant)
        self._source = f"/ecluse/{service}"
        self._objets: dict[str, dict[str, Objet]] = defaultdict(dict)
        self._verrous = Verrous.on(connexion)
        # By event (key of the inbox) and by dossier: what the events move there is followed with them.
        self._traces: dict[str, str] = {}

    def take(self, recus: Sequence[Recu]) -> list[Verdict]:
        """Give each event its effect once; the verdicts in the order of the events."""
        self._lock(recus)
        verdicts, nouveaux = self._filter(recus)
        if nouveaux:
            self.apply(nouveaux)
        return verdicts

    def trace(self, recus: Iterable[Recu], trace: str) -> None:
        """Rows of the journal that these events give carry this ``traceparent``."""
        for recu in recus:
            self._traces[recu.cle] = self._traces[f"{recu.caf}|{recu.dossier}"] = trace

    def park(self, recu: Recu, detail: str) -> None:
        """Take an event that the database refuses to save as the rules state it: a dead letter holds it."""
        self._lock([recu])
        _, nouveaux = self._filter([recu])
        if nouveaux:
            park_letter(self.connexion, recu, detail, self.maintenant)

    def apply(self, recus: Sequence[Recu]) -> None:
        """Give events their effect without asking the inbox (their first coming, or a replay)."""
        self._lock(recus)
        traces = self._traces
        self.journal.extend(
            AJournaliser(f"{r.caf}|{r.dossier}", r.type.type, r.octets, traces.get(r.cle)) for r in recus
        )
        self.save(self._widen(self._add_facts(recus)))

    def publish(self, type_: str, identifiant: str, caf: str, dossier: str, data: object) -> None:
        """Put an event of the service's own on its way to the log."""
        cle = f"{caf}|{dossier}"
        octets = write_output(Sortie("1.0", identifiant, self._source, type_, dossier, self._heure, caf, data=data))
        self.journal.append(AJournaliser(cle, type_, octets, self._traces.get(cle)))

    def load(self, genre: Genre, cles: Iterable[str]) -> list[Objet]:
        """See ``Lecture.load``."""
        voulues = list(dict.fromkeys(cles))
        objets = self._objets[genre.nom]
        manquantes = sorted(c for c in voulues if c not in objets)
        if manquantes:
            self._fetch(genre, manquantes)
        return [objets[c] for c in voulues]

    def rows(self, requete: Any, parametres: Mapping[str, Any]) -> Sequence[Any]:
        """See ``Lecture.rows``."""
        return self.connexion.execute(requete, dict(parametres)).all()

    def save(self, objets: Iterable[Objet]) -> None:
        """Reduce each object, publish what changed of it and save it against its version."""
        lignes: dict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        travaux: list[tuple[Objet, Etat]] = []
        for objet in sorted(objets, key=lambda o: (o.genre.nom, o.cle)):
            forme = form_of(objet.genre.modele)
            objet.faits.sort(key=ORDRE)
            etat = objet.genre.reduce(objet)
            version = objet.version + 1
            sejours = _ENCODER.encode(etat.travaux) if etat.travaux else _VIDE
            if sejours != objet.travaux:
                travaux.append((objet, etat))
            lignes[forme.table].append(
                (
                    objet.cle,
                    objet.caf,
                    objet.id,
                    etat.dossier,
                    version,
                    encode_facts(objet.faits),
                    self._move(objet, etat, version),
                    self._judge_facts(objet, etat),
                    sejours,
                    *forme.propres(etat.colonnes),
                )
            )
        for table, siennes in lignes.items():
            if save_many(self.connexion, table, "version", siennes) != len(siennes):
                raise Conflit(table.name)
        self._save_work(travaux)
        self._forget()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone by whatever it raises: rows, locks and records of the log."""
        deja, tenus = len(self.journal), self._verrous and self._verrous.copy()
        try:
            with self.connexion.begin_nested():
                yield
        except BaseException:
            self._forget()
            del self.journal[deja:]
            self._verrous = tenus
            raise

    def _forget(self) -> None:
        """Objects in memory are no longer those of the rows: whoever needs one again reads it."""
        self._objets.clear()

    def _lock(self, recus: Sequence[Recu]) -> None:
        # Before the inbox: an event that comes twice at once waits here for its twin, and is then a known one.
        if self._verrous is not None:
            self._verrous.hold(self.connexion, {f"{r.caf}|{r.dossier}" for r in recus})

    def _filter(self, recus: Sequence[Recu]) -> tuple[list[Verdict], list[Recu]]:
        """The inbox: verdicts of all, and those that are new, which it now holds."""
        connus = read_taken(self.connexion, recus)
        verdicts, nouveaux = [], []
        for recu in recus:
            deja = connus.get(recu.cle)
            if deja is None:
                connus[recu.cle] = recu.empreinte
                nouveaux.append(recu)
                verdicts.append(ACCEPTE)
            else:
                verdicts.append(DOUBLON if deja == recu.empreinte else DIFFERENT)
        keep_taken(self.connexion, nouveaux)
        return verdicts, nouveaux

    def _add_facts(self, recus: Sequence[Recu]) -> list[Objet]:
        """Add each fact to its object."""
        par_genre: dict[str, tuple[Genre, dict[str, list[Fait]]]] = {}
        for recu in recus:
            genre = self.deciders[recu.type.type]
            _, faits = par_genre.setdefault(genre.nom, (genre, defaultdict(list)))
            faits[f"{recu.caf}|{recu.objet}"].append(fact_of(recu))
        touches: list[Objet] = []
        for genre, faits in par_genre.values():
            for objet in self.load(genre, faits):
                objet.faits.extend(faits[objet.cle])
                touches.append(objet)
        return touches

    def _widen(self, touches: list[Objet]) -> list[Objet]:
        """The touched objects and those that they change; what one kind adds to another is widened in its turn."""
        vus = {id(o): o for o in touches}
        attente = touches
        while attente:
            groupes: dict[str, list[Objet]] = defaultdict(list)
            for objet in attente:
                groupes[objet.genre.nom].append(objet)
            attente = []
            for nom, groupe in sorted(groupes.items()):
                for objet in groupe[0].genre.widen(groupe, self):
                    if id(objet) not in vus:
                        vus[id(objet)] = objet
                        if objet.genre.nom != nom:
                            attente.append(objet)
        return list(vus.values())

    def _fetch(self, genre: Genre, cles: list[str]) -> None:
        c = table_of(genre.modele).c
        requete = select_keys(
            table_of(genre.modele), c.cle, [c.cle, c.dossier, c.version, c.faits, c.images, c.impossibles, c.travaux]
        )
        objets = self._objets[genre.nom]
        lignes = fetch_raw(self.connexion, requete, bind_keys(cles))
        if self._verrous is not None:
            # An event may name another dossier than its object's: what changes there must wait as well.
            self._verrous.hold(self.connexion, {f"{cle.partition('|')[0]}|{d}" for cle, d, *_ in lignes if d})
        for cle, dossier, version, faits, *gardes in lignes:
            caf, _, identifiant = cle.partition("|")
            objets[cle] = Objet(genre, cle, caf, identifiant, decode_facts(faits), version, dossier, *gardes)
        for cle in cles:
            if cle not in objets:
                caf, _, identifiant = cle.partition("|")
                objets[cle] = Objet(genre, cle, caf, identifiant)

    def _move(self, objet: Objet, etat: Etat, version: int) -> bytes:
        """Publish one movement per counted thing that changed; the images as they are kept from now on."""
        avant = objet.published()
        if not avant and not etat.images:
            return _VIDE
        apres = {(c.famille, c.objet): _ENCODER.encode(c.image) for c in etat.images}
        for cle in sorted(avant.keys() | apres.keys()):
            ancienne, nouvelle = avant.get(cle), apres.get(cle)
            if ancienne != nouvelle:
                famille, compte = cle
                self.publish(
                    _MOUVEMENT_DE[famille],
                    f"{famille}-{objet.caf}-{compte}-{version}",
                    objet.caf,
                    etat.dossier or objet.dossier or objet.id,
                    Mouvement(compte, Raw(ancienne) if ancienne else None, Raw(nouvelle) if nouvelle else None),
                )
        return _ENCODER.encode([(famille, compte, Raw(octets)) for (famille, compte), octets in sorted(apres.items())])

    def _judge_facts(self, objet: Objet, etat: Etat) -> bytes:
        """Open a dead letter for each fact that has become impossible, close those of facts possible again."""
        if not etat.impossibles and objet.impossibles == _VIDE:
            return _VIDE
        avant = objet.impossible_ids()
        apres = {(i.fait.source, i.fait.id): i for i in etat.impossibles}
        for cle in sorted(apres.keys() - avant):
            open_letter(self.connexion, objet, apres[cle], self.maintenant)
        if avant - apres.keys():
            close_letters(self.connexion, avant - apres.keys(), self.maintenant, "devenu possible : faits corrigés")
        return encode_pairs(apres.keys())

    def _save_work(self, changements: list[tuple[Objet, Etat]]) -> None:
        """Replace the stays in corbeilles of the objects whose stays changed."""
        anciens = [o.cle for o, _ in changements if o.travaux != _VIDE]
        finis = [o.cle for o, e in changements if o.travaux != _VIDE and not e.travaux]
        for table, cles in ((ELEMENT, anciens), (REPORT, finis)):
            if cles:
                self.connexion.execute(delete(table).where(among_keys(table.c.cle)), bind_keys(sorted(cles)))
        lignes = [
            (
                objet.cle,
                t.corbeille,
                objet.caf,
                objet.id,
                etat.dossier or "",
                t.du,
                t.au,
                t.priorite,
                t.echeance,
                t.depuis,
                t.montant,
                -t.montant,
            )
            for objet, etat in changements
            for t in etat.travaux
        ]
        insert_many(self.connexion, ELEMENT, lignes)
