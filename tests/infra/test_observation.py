"""What the processes of the distributed mode show of themselves: traces, measures and logs, as others read them."""

import json
import secrets
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ecluse.distribue.mesures import HTTP, PEUT_ETRE, shown_by
from ecluse.distribue.reglages import processes_of
from shared.bus.sujets import CONTROLES, ENTREES, JOURNAUX
from shared.traces import ECRITURE, ENTREE, PLI, PUBLICATION
from shared.web.porte import UN_EVENEMENT
from tests.fabrique import Brut
from tests.infra.clients import kcat
from tests.infra.collecteur import Collecteur, Pas, collecting
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually
from tests.programmes import require_program

ROLES = {"production": ("api", "worker"), "indicators": ("all",)}
# What only the content of an event holds.
CONTENU = "contenu-a-taire"


@pytest.fixture(scope="module")
def collecteur() -> Iterator[Collecteur]:
    with collecting() as ouvert:
        yield ouvert


@pytest.fixture(scope="module")
def maison(kafka: Kafka, postgres: Postgres, redis: Redis, collecteur: Collecteur) -> Iterator[Repartie]:
    """A house that follows what its senders follow, and nothing else."""
    redis.flush()
    bases: list[str] = []

    def create(nom: str) -> str:
        bases.append(postgres.create_database(nom))
        return bases[-1]

    variables = {"ECLUSE_OTLP_ENDPOINT": collecteur.url, "ECLUSE_TRACES_PART": "0"}
    with open_repartie(kafka, create, redis.url, "observation", ROLES, **variables) as ouverte:
        yield ouverte
    for base in bases:
        postgres.drop_database(base)
    kafka.delete_topics("observation.")


@pytest.fixture(scope="module")
def client(maison: Repartie) -> Iterator[httpx.Client]:
    with maison.porte.client() as ouvert:
        yield ouvert


def _post(client: httpx.Client, evenement: Brut, trace: str | None = None, statut: int = 202) -> None:
    entetes = {"Content-Type": UN_EVENEMENT} | ({"traceparent": f"00-{trace}-{'ab' * 8}-01"} if trace else {})
    reponse = client.post("/v1/evenements", content=json.dumps(evenement), headers=entetes)
    assert reponse.status_code == statut, reponse.text


def _whole(collecteur: Collecteur, trace: str, nombre: int) -> list[Pas] | None:
    """The steps of a trace, once there are as many."""
    pas = collecteur.steps(trace)
    return pas if len(pas) >= nombre else None


def test_an_event_is_followed_from_the_door_to_the_figures_under_one_trace(
    maison: Repartie, client: httpx.Client, collecteur: Collecteur, kafka: Kafka
) -> None:
    suivie = secrets.token_hex(16)
    _post(client, arrivee("P-seule"))
    _post(client, arrivee("P-suivie"), suivie)
    pas = eventually(lambda: _whole(collecteur, suivie, 5))
    par_lieu = {(p.service, p.role, p.nom): p for p in pas}
    porte, api = par_lieu["ecluse-porte", "api", ENTREE], par_lieu["ecluse-production", "api", ENTREE]
    suites = [
        par_lieu["ecluse-production", "api", ECRITURE],
        par_lieu["ecluse-production", "worker", PUBLICATION],
        par_lieu["ecluse-indicators", "all", PLI],
    ]
    assert len(pas) == 5
    assert (porte.parent, api.parent) == ("ab" * 8, porte.span)
    assert {p.parent for p in suites} == {api.span}
    sujet = JOURNAUX["production"].nom(maison.courtier.prefixe)
    lus = [json.loads(ligne) for ligne in kcat(kafka, "-C", "-t", sujet, "-e", "-J").splitlines()]
    portees = [(lu["key"], lu["headers"][-1]) for lu in lus if "traceparent" in lu["headers"]]
    # The arrival and its movement, and nothing of the other piece.
    assert portees == [("091|D-P-suivie", f"00-{suivie}-{api.span}-01")] * 2
    assert collecteur.traces() == {suivie}


def test_a_record_of_the_ingress_goes_on_with_the_trace_of_its_sender(
    maison: Repartie, client: httpx.Client, collecteur: Collecteur, kafka: Kafka
) -> None:
    suivie = secrets.token_hex(16)
    sujet = ENTREES.nom(maison.courtier.prefixe)
    entetes = ("-H", f"traceparent=00-{suivie}-{'cd' * 8}-01")
    for piece, siens in (("P-kafka", entetes), ("P-autre", ())):
        evenement = json.dumps(arrivee(piece, dossier=f"D-{piece}")).encode()
        kcat(kafka, "-P", "-t", sujet, "-k", f"091|D-{piece}", *siens, entree=evenement)
    pas = {p.nom: p for p in eventually(lambda: _whole(collecteur, suivie, 4))}
    assert pas.keys() == {ENTREE, ECRITURE, PUBLICATION, PLI}
    assert (pas[ENTREE].service, pas[ENTREE].role) == ("ecluse-production", "worker")
    assert pas[ENTREE].parent == "cd" * 8
    assert {pas[nom].parent for nom in (ECRITURE, PUBLICATION, PLI)} == {pas[ENTREE].span}
    eventually(lambda: client.get("/v1/pieces/091/P-autre").status_code == 200)


def test_the_measures_are_those_that_are_declared_as_promtool_wants_them(
    maison: Repartie, client: httpx.Client
) -> None:
    promtool = require_program("promtool", "prometheus")
    _post(client, arrivee("P-mesure"))
    eventually(lambda: client.get("/v1/etat").json()["a_jour"])
    for nom, processus in maison.processus.items():
        with processus.client() as hote:
            hote.get("/adresse-inventee")
            texte = hote.get("/metrics").text
        fin = subprocess.run([promtool, "check", "metrics"], input=texte, capture_output=True, text=True, check=False)
        assert (fin.returncode, fin.stdout + fin.stderr) == (0, ""), nom
        declarees = shown_by(processes_of(processus.service, processus.role))  # type: ignore[arg-type]  # texts here
        familles = {
            f.name: f for f in text_string_to_metric_families(texte) if f.samples and f.name.startswith("ecluse")
        }
        vues = {f"{n}_total" if f.type == "counter" else n for n, f in familles.items()}
        peut_etre = {mesure.nom for mesure in PEUT_ETRE}
        assert declarees.keys() - peut_etre <= vues <= declarees.keys(), nom
        for mesure in (declarees[vue] for vue in vues):
            famille = familles[mesure.nom.removesuffix("_total")]
            assert famille.type == mesure.genre, mesure
            assert all(set(s.labels) - {"le"} == set(mesure.etiquettes) for s in famille.samples), mesure


def _samples(maison: Repartie, processus: str) -> dict[tuple[str, ...], float]:
    """What a process measures, by name and labels."""
    with maison.processus[processus].client() as hote:
        familles = text_string_to_metric_families(hote.get("/metrics").text)
    return {(s.name, *s.labels.values()): s.value for f in familles for s in f.samples}


def test_the_measures_tell_what_happened(maison: Repartie, client: httpx.Client, kafka: Kafka) -> None:
    avant = _samples(maison, "production-1")
    sujet = ENTREES.nom(maison.courtier.prefixe)
    evenement = json.dumps(arrivee("P-comptee", dossier="D-P-comptee")).encode()
    for corps in (evenement, evenement, evenement.replace(b'"web"', b'"pigeon"')):
        kcat(kafka, "-P", "-t", sujet, "-k", "091|D-P-comptee", entree=corps)

    def apres(nom: str, *etiquettes: str) -> float:
        return _samples(maison, "production-1")[nom, *etiquettes] - avant.get((nom, *etiquettes), 0)

    verdicts = ("accepte", "doublon", "refuse")
    eventually(lambda: [apres("ecluse_ingress_records_total", v) for v in verdicts] == [1, 1, 1])
    eventually(lambda: apres("ecluse_publisher_records_total") == 2)
    eventually(lambda: apres("ecluse_publisher_confirmed_position") == 2)

    def publisher() -> list[float]:
        vues = _samples(maison, "production-1")
        return [vues[f"ecluse_publisher_{quoi}",] for quoi in ("leader", "epoch", "backlog_records", "backlog_seconds")]

    eventually(lambda: publisher() == [1, 1, 0, 0])
    eventually(lambda: _samples(maison, "production-1")["ecluse_reader_partitions", sujet] == 12)
    vues = _samples(maison, "production-1")
    assert vues["ecluse_dead_letters", "production"] == 1
    assert vues["ecluse_batch_duration_seconds_count", sujet] >= 1
    client.get("/v1/pieces/091/P-comptee")
    comptes = {cle[1:]: n for cle, n in _samples(maison, "production").items() if cle[0] == f"{HTTP.nom}_count"}
    assert comptes["GET", "/v1/pieces/{caf}/{objet}", "200"] >= 1
    assert not any("P-comptee" in mot or "adresse-inventee" in mot for cle in comptes for mot in cle)


def test_a_backlog_is_seen_while_nobody_can_publish_and_redis_when_it_is_away(
    maison: Repartie, client: httpx.Client, kafka: Kafka, redis: Redis
) -> None:
    kafka.pause()
    try:
        _post(client, arrivee("P-retenue"))
        eventually(lambda: _samples(maison, "production-1")["ecluse_publisher_backlog_records",] == 2)
        eventually(lambda: _samples(maison, "production-1")["ecluse_publisher_backlog_seconds",] > 0)
    finally:
        kafka.resume()
    eventually(lambda: _samples(maison, "production-1")["ecluse_publisher_backlog_records",] == 0)
    redis.stop()
    try:
        eventually(lambda: _samples(maison, "indicators")["ecluse_redis_degraded",] == 1)
    finally:
        redis.start()
    eventually(lambda: _samples(maison, "indicators")["ecluse_redis_degraded",] == 0)


def test_logs_are_documents_without_secrets_or_content_and_their_level_changes_live(
    maison: Repartie, client: httpx.Client, kafka: Kafka
) -> None:
    travailleurs = [p for p in maison.processus.values() if p.service != "porte" and p.role != "api"]

    def have_changed() -> bool:
        # Whoever has only just joined hears from then on.
        for service in CONTROLES:
            kcat(kafka, "-P", "-t", CONTROLES[service].nom(maison.courtier.prefixe), entree=b'{"niveau": "debug"}')
        return all("niveau de journal : debug" in p.written() for p in travailleurs)

    eventually(have_changed)
    bon, refuse = arrivee("P-tue", dossier="D-P-tue"), arrivee("P-refusee", canal=CONTENU)
    _post(client, {**bon, "note": CONTENU})
    _post(client, refuse, statut=422)
    sujet = ENTREES.nom(maison.courtier.prefixe)
    kcat(kafka, "-P", "-t", sujet, "-k", "x", entree=json.dumps(refuse).encode())
    letters = "/v1/lettres-mortes"
    eventually(lambda: any(CONTENU in str(lettre) for lettre in client.get(letters).json()))
    documents = 0
    for processus in maison.processus.values():
        ecrit = processus.written()
        assert CONTENU not in ecrit
        assert maison.jeton not in ecrit
        for ligne in ecrit.splitlines():
            if ligne.startswith("{"):
                document = json.loads(ligne)
                assert document.keys() >= {"instant", "niveau", "logger", "message", "service", "role"}
                assert (document["service"], document["role"]) == (processus.service, processus.role)
                documents += 1
            else:
                # What the command itself says to whoever started it, on its standard output.
                assert ligne.startswith(("Écluse ", "Arrêté ")), ligne
    assert documents >= len(travailleurs)
