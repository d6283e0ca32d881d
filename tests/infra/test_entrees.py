"""The Kafka door on a real broker: what the front office puts there takes effect once, what is unreadable is kept."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from kafka.structs import OffsetAndMetadata, TopicPartition
from sqlalchemy.exc import DataError

from ecluse.lettres import replay_one, show
from services.contacts.app import bootstrap as open_contacts
from services.production.app import bootstrap as open_production
from services.recovery.app import bootstrap as open_recovery
from shared.bus.courtier import CourtierInjoignable
from shared.bus.gardien import CODE_IMMOBILE, Gardien
from shared.bus.lecteur import LecteurParLots
from shared.events.catalogue import ENCODER
from shared.events.porte import Recu
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lot import Lot, Verdict
from shared.runtime.service import ServiceDeFaits
from tests.fabrique import Brut
from tests.infra.kafka import Kafka
from tests.infra.lectures import Boucle, Sujet, entering, event_loop, execute, journal_ids, letters, taken
from tests.maisons import arrivee, eventually, fait, traitee


@pytest.fixture
def boucle() -> Iterator[Boucle]:
    with event_loop() as boucle:
        yield boucle


@pytest.fixture
def sujet(kafka: Kafka, prefixe: str) -> Sujet:
    sujet = Sujet(kafka, f"{prefixe}.entrees.v1")
    sujet.create()
    return sujet


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[dict[str, ServiceDeFaits]]:
    reglages = Reglages(tmp_path)
    maison = {
        s.nom: s for s in (ouvre(reglages, lambda: None) for ouvre in (open_contacts, open_production, open_recovery))
    }
    yield maison
    for service in maison.values():
        service.close()


@pytest.fixture
def production(maison: dict[str, ServiceDeFaits]) -> ServiceDeFaits:
    return maison["production"]


@pytest.fixture
def contacts(maison: dict[str, ServiceDeFaits]) -> ServiceDeFaits:
    return maison["contacts"]


def pieces(nombre: int) -> list[Brut]:
    """Arrivals and treatments of as many pieces, of a few dossiers."""
    return [
        evenement
        for n in range(nombre)
        for evenement in (arrivee(f"P{n}", dossier=f"D{n % 30}"), traitee(f"P{n}", dossier=f"D{n % 30}"))
    ]


def _reads(lecteur: LecteurParLots) -> bool:
    return bool(lecteur.progress())


def until(constat: Callable[[], bool]) -> None:
    """Wait for what must come."""
    eventually(lambda: constat() or None)


def test_what_kcat_produces_takes_effect_once(boucle: Boucle, sujet: Sujet, production: ServiceDeFaits) -> None:
    envoyes = pieces(100)
    sujet.send(envoyes)
    sujet.send(envoyes)
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 400)
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in envoyes)
    assert letters(production) == []


def test_what_the_door_refuses_becomes_a_letter_at_its_owner_and_the_partition_moves_on(
    boucle: Boucle, sujet: Sujet, maison: dict[str, ServiceDeFaits]
) -> None:
    bonne = arrivee("P", dossier="D")
    cle = "091|D"
    texte = ENCODER.encode(bonne)
    creance = fait("indu.annule", "2023-01-02T10:00:00Z", dossier="D", creance="C", montant_centimes=10**18)
    hostiles = {
        # What can not be read to its end is of no one; an event that says its type belongs to that type's service.
        "coupé": (texte[:-20], cle, "contacts"),
        "octets": (texte.replace(b'"web"', b'"\xff\xfe"'), cle, "production"),
        "vide": (b"", cle, "contacts"),
        "profond": (texte[:-1] + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", cle, "contacts"),
        "NaN": (texte[:-1] + b',"x":NaN}', cle, "contacts"),
        "type inconnu": (texte.replace(b"piece.arrivee", b"piece.perdue"), cle, "contacts"),
        "liste": (b"[" + texte + b"]", cle, "contacts"),
        "montant": (ENCODER.encode(creance), cle, "recovery"),
        "clé": (texte, "091|autre", "production"),
        "sans clé": (texte, "", "production"),
        "membre": (texte.replace(b'"web"', b'"pigeon"'), cle, "production"),
    }
    for octets, sa_cle, _ in hostiles.values():
        sujet.put(octets, sa_cle, partition=3)
    sujet.put(texte, cle, partition=3)
    with ExitStack() as pile:
        for service in maison.values():
            pile.enter_context(entering(boucle, sujet, service))
        until(lambda: all(taken(service) == len(hostiles) + 1 for service in maison.values()))
    assert journal_ids(maison["production"]) == [bonne["id"]]
    for nom, service in maison.items():
        lettres = letters(service)
        siens = [(f"3/{i}", octets) for i, (octets, _, chez) in enumerate(hostiles.values()) if chez == nom]
        assert [(lettre["evenement_id"], lettre["octets"]) for lettre in lettres] == siens
        assert {(lettre["motif"], lettre["evenement_source"]) for lettre in lettres} == {
            ("refuse_a_la_porte", sujet.nom)
        }
        assert all(lettre["detail"] for lettre in lettres)


def test_an_id_taken_with_another_content_becomes_a_letter(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    premier = arrivee("P", dossier="D")
    sujet.send([premier, premier | {"data": premier["data"] | {"canal": "courrier"}}, premier])
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 3)
    assert journal_ids(production) == [premier["id"]]
    (lettre,) = letters(production)
    assert "autre contenu" in lettre["detail"]


def test_a_letter_of_the_door_is_replayed_through_the_inbox(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    evenement = arrivee("P", dossier="D")
    sujet.put(ENCODER.encode(evenement), "une autre clé")
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 1)
    (lettre,) = letters(production)
    essai = replay_one(production, lettre["numero"], essai=True)
    assert (essai.effet, journal_ids(production)) == ("possible", [])
    assert replay_one(production, lettre["numero"], essai=False).effet == "applique"
    assert journal_ids(production) == [evenement["id"]]
    assert letters(production) == []
    sujet.put(ENCODER.encode(evenement), "091|D")
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 2)
    assert journal_ids(production) == [evenement["id"]]


def test_what_is_still_refused_stays_a_letter(boucle: Boucle, sujet: Sujet, contacts: ServiceDeFaits) -> None:
    sujet.put(b"\xff", "091|D")
    with entering(boucle, sujet, contacts):
        until(lambda: taken(contacts) == 1)
    numero = letters(contacts)[0]["numero"]
    assert replay_one(contacts, numero, essai=False).effet == "refuse"
    (lettre,) = letters(contacts)
    assert (lettre["numero"], lettre["essais"]) == (numero, 2)
    assert show(contacts, numero).evenement == "\\xff"


def test_a_failed_batch_is_seen_again_and_never_skipped(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    envoyes = pieces(60)
    sujet.send(envoyes)
    pannes = iter(
        [Indisponible("la base ne répond pas"), OSError("disque"), RuntimeError("une faute du programme")] * 3
    )
    vrai = Lot.take

    def take(lot: Lot, recus: Sequence[Recu]) -> list[Verdict]:
        if panne := next(pannes, None):
            raise panne
        return vrai(lot, recus)

    monkeypatch.setattr(Lot, "take", take)
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: taken(production) == 120)
        assert lecteur.compteurs.reprises == 9
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in envoyes)
    assert letters(production) == []


def test_a_batch_that_never_passes_ends_the_process(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []

    def take(lot: Lot, recus: Sequence[Recu]) -> list[Verdict]:
        raise RuntimeError(f"une faute du programme sur {len(recus)} événements de {lot.service}")

    monkeypatch.setattr(Lot, "take", take)
    sujet.send(pieces(1))
    with entering(boucle, sujet, production) as lecteur:
        gardien = Gardien([lecteur], 3.0, codes.append)
        gardien.start()
        until(lambda: codes == [CODE_IMMOBILE])
        gardien.stop()
    assert (taken(production), letters(production)) == (0, [])


def test_what_the_database_refuses_is_parked_alone(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    envoyes = [arrivee(f"P{n}", dossier="D") for n in range(20)]
    sujet.send(envoyes)
    coupable = envoyes[13]["id"]
    vrai = Lot.apply

    def apply(lot: Lot, recus: Sequence[Recu]) -> None:
        if coupable in {r.id for r in recus}:
            raise DataError("INSERT", {}, ValueError("un octet que la base refuse"))
        vrai(lot, recus)

    monkeypatch.setattr(Lot, "apply", apply)
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 20)
    assert journal_ids(production) == [e["id"] for e in envoyes if e["id"] != coupable]
    assert [lettre["evenement_id"] for lettre in letters(production)] == [coupable]


def test_readers_that_join_and_leave_lose_nothing_and_double_nothing(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    envoyes = pieces(600)
    with ExitStack() as pile:
        pile.enter_context(entering(boucle, sujet, production, lot_max=7))
        for debut in range(0, 1_200, 200):
            morceau = envoyes[debut : debut + 200]
            sujet.send(morceau)
            with entering(boucle, sujet, production, lot_max=7) as second:
                until(partial(_reads, second))
                sujet.send(morceau[::2])
        until(lambda: taken(production) == 1_800)
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in envoyes)


@pytest.mark.parametrize("cache", ["perdu", "en avance", "en retard"])
def test_a_restart_goes_on_from_the_database_whatever_kafka_holds(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits, cache: str
) -> None:
    avant, apres = pieces(20), [arrivee(f"Q{n}", dossier=f"D{n}") for n in range(20)]
    sujet.send(avant)
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 40)
    sujet.send(apres)
    groupe = f"{sujet.nom}.production"
    with sujet.kafka.admin() as admin:
        if cache == "perdu":
            admin.delete_groups([groupe])
        else:
            offsets = {
                TopicPartition(sujet.nom, p): OffsetAndMetadata(0 if cache == "en retard" else 1_000, "", None)
                for p in range(12)
            }
            admin.alter_group_offsets(groupe, offsets)
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: taken(production) == 60)
        assert lecteur.compteurs.devances == 0
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in [*avant, *apres])


def test_a_recreated_topic_stops_the_reading_and_says_so(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    sujet.send(pieces(10))
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 20)
    sujet.kafka.delete_topics(sujet.nom)
    sujet.create()
    sujet.send([arrivee(f"Q{n}", dossier=f"D{n}") for n in range(200)])
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: lecteur.arret is not None)
        assert "a été recréé" in (lecteur.arret or "")
    assert len(journal_ids(production)) == 20


def test_a_topic_recreated_and_refilled_behind_the_reader_stops_it(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    identites = ["celui d'avant"]
    sujet.send(pieces(10))
    with entering(boucle, sujet, production, identite=lambda: identites[-1]) as lecteur:
        until(lambda: taken(production) == 20)
        identites.append("un autre")
        until(lambda: lecteur.arret is not None)
        assert "a été recréé (identité un autre" in (lecteur.arret or "")


def test_a_broker_that_can_not_say_which_topic_it_has_is_asked_again(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    reponses: list[Exception] = []
    questions = []

    def identite() -> str:
        questions.append(len(reponses))
        if reponses:
            raise reponses.pop()
        return "le même"

    sujet.send(pieces(10))
    with entering(boucle, sujet, production, identite=identite) as lecteur:
        until(lambda: taken(production) == 20)
        reponses.append(CourtierInjoignable("Kafka ne répond pas"))
        until(lambda: not reponses and questions[-1] == 0 and len(questions) > 2)
        sujet.send([arrivee("Q")])
        until(lambda: taken(production) == 21)
        assert (lecteur.arret, lecteur.compteurs.devances) == (None, 0)


def test_records_deleted_before_they_were_read_stop_the_reading_and_are_counted(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    for n in range(5):
        sujet.put(ENCODER.encode(arrivee(f"P{n}", dossier="D")), "091|D", partition=0)
    with entering(boucle, sujet, production):
        until(lambda: taken(production) == 5)
    for n in range(5, 10):
        sujet.put(ENCODER.encode(arrivee(f"P{n}", dossier="D")), "091|D", partition=0)
    with sujet.kafka.admin() as admin:
        admin.delete_records({TopicPartition(sujet.nom, 0): 8})
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: lecteur.arret is not None)
        assert "3 enregistrements ont été effacés" in (lecteur.arret or "")
    assert len(journal_ids(production)) == 5


def test_records_deleted_while_they_are_waited_for_stop_the_reading(
    boucle: Boucle, sujet: Sujet, production: ServiceDeFaits
) -> None:
    sujet.put(ENCODER.encode(arrivee("P0", dossier="D")), "091|D", partition=0)
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: taken(production) == 1)
        execute(production, 'UPDATE repere SET "offset" = 50, position = 50 WHERE partition = 0')
        sujet.put(ENCODER.encode(arrivee("P1", dossier="D")), "091|D", partition=0)
        until(lambda: lecteur.arret is not None)
        assert (lecteur.compteurs.devances, "finit à l'offset 2" in (lecteur.arret or "")) == (1, True)


def test_a_topic_that_does_not_exist_yet_is_named_then_read(
    boucle: Boucle, kafka: Kafka, prefixe: str, production: ServiceDeFaits
) -> None:
    sujet = Sujet(kafka, f"{prefixe}.entrees.v1")
    with entering(boucle, sujet, production) as lecteur:
        until(lambda: f"le topic {sujet.nom} n'existe pas" in (lecteur.souci or ""))
        sujet.create()
        sujet.send([arrivee("P")])
        until(lambda: taken(production) == 1)
        until(lambda: lecteur.souci is None)
